using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Errors;

namespace Tieout.Server.Ingest;

/// <summary>Reads the members of one JSON object of an item. What has the wrong form refuses the item and reads as absent; only what is no JSON
/// throws.</summary>
/// <param name="json">At the object's start.</param>
internal ref struct ItemReader(Utf8JsonReader json, UsageItem item)
{
    private Utf8JsonReader _json = json;
    private bool _begun;

    public readonly UsageItem Item => item;

    /// <summary>At the value of the member that was read last.</summary>
    public readonly Utf8JsonReader Json => _json;

    public readonly bool IsNull => _json.TokenType is JsonTokenType.Null;

    public readonly bool IsObject => _json.TokenType is JsonTokenType.StartObject;

    /// <summary>Goes on to the next member; its value is then read or skipped. False: there is none.</summary>
    /// <param name="name">Empty where it is not text, and so none that is known.</param>
    public bool Next(out string name)
    {
        name = "";
        if (_begun && _json.TokenType is (JsonTokenType.StartObject or JsonTokenType.StartArray)) _json.Skip();
        _begun = true;
        if (!_json.Read() || _json.TokenType is not JsonTokenType.PropertyName) return false;
        name = RepeatedText.Of(_json) ?? "";
        _json.Read();
        return true;
    }

    /// <summary>Text; null where it is null or refused.</summary>
    public string? Text(string what)
    {
        if (IsNull) return null;
        if (_json.TokenType is JsonTokenType.String && Decoded() is { } text) return text;
        item.Refuse(ApiError.ItemInvalid, $"{what} must be text.");
        return null;
    }

    /// <summary>As <see cref="Text"/>, of what many items have in common.</summary>
    public string? Label(string what) => !IsNull && _json.TokenType is JsonTokenType.String && RepeatedText.Of(_json) is { } text ? text : Text(what);

    /// <summary>A count, written as a number or, as OpenMeter and OTLP do, as text.</summary>
    public long? Count(string what) => Whole(what, UsageUnits.CountMax);

    public long? Whole(string what, long max)
    {
        if (IsNull) return null;
        if (TryWhole(out var number) && number >= 0 && number <= max) return number;
        item.Refuse(ApiError.ItemInvalid, $"{what} must be a whole number from 0 to {max}.");
        return null;
    }

    public Instant? Time(string what)
    {
        if (IsNull) return null;
        if (ItemTimes.Read(_json) is { } time) return time;
        item.Refuse(ApiError.ItemInvalid, $"{what} must be {ItemTimes.Form}.");
        return null;
    }

    /// <summary>A decimal string of major units, zero or more.</summary>
    public Amount? Money(string what)
    {
        if (IsNull) return null;
        if (_json.TokenType is JsonTokenType.String && Amount.TryParse(Decoded(), out var amount) && amount >= Amount.Zero && amount <= Amount.TransferMax)
        {
            return amount;
        }

        item.Refuse(ApiError.AmountInvalid,
            $"{what} must be a decimal string of major units from \"0\" to \"{Amount.TransferMax}\" with at most nine decimals, such as \"0.0125\".");
        return null;
    }

    private readonly bool TryWhole(out long number) => JsonText.TryWhole(_json, out number);

    private readonly string? Decoded() => JsonText.Of(_json);
}
