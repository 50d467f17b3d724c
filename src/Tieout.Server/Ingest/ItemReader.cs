using System.Buffers.Text;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Errors;

namespace Tieout.Server.Ingest;

/// <summary>Reads the members of one JSON object of an item. What has the wrong form refuses the item and reads as absent; nothing here throws.</summary>
/// <remarks>The bytes are JSON already: <see cref="JsonItems"/> has walked over them.</remarks>
/// <param name="json">At the object's start.</param>
internal ref struct ItemReader(Utf8JsonReader json, UsageItem item)
{
    /// <summary>Names of members are looked at up to here; no name that means anything is longer.</summary>
    private const int NameBytesMax = 128;

    private Utf8JsonReader _json = json;
    private bool _begun;

    public readonly UsageItem Item => item;

    /// <summary>At the value of the member that was read last.</summary>
    public readonly Utf8JsonReader Json => _json;

    public readonly bool IsNull => _json.TokenType is JsonTokenType.Null;

    public readonly bool IsObject => _json.TokenType is JsonTokenType.StartObject;

    /// <summary>Goes on to the next member; its value is then read or skipped. False: there is none.</summary>
    /// <param name="name">Empty where it is too long or not text, and so none that is known.</param>
    public bool Next(out string name)
    {
        name = "";
        if (_begun && _json.TokenType is (JsonTokenType.StartObject or JsonTokenType.StartArray)) _json.Skip();
        _begun = true;
        if (!_json.Read() || _json.TokenType is not JsonTokenType.PropertyName) return false;
        if (_json.ValueSpan.Length <= NameBytesMax) name = Decoded() ?? "";
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
        if (Times.Read(_json) is { } time) return time;
        item.Refuse(ApiError.ItemInvalid, $"{what} must be {Times.Form}.");
        return null;
    }

    /// <summary>Nanoseconds since 1970, as OTLP writes times; null: anything else.</summary>
    public readonly Instant? Nanos() => TryWhole(out var nanos) && nanos / 1_000 >= Times.EarliestMicros ? new(nanos / 1_000) : null;

    /// <summary>A decimal string of major units, zero or more.</summary>
    public Amount? Money(string what)
    {
        if (IsNull) return null;
        if (_json.TokenType is JsonTokenType.String && Amount.TryParse(Decoded(), out var amount) && amount >= Amount.Zero && amount <= Amount.Max) return amount;
        item.Refuse(ApiError.AmountInvalid, $"{what} must be a decimal string of major units from \"0\" to \"{Amount.Max}\" with at most nine decimals, such as \"0.0125\".");
        return null;
    }

    /// <summary>Text; null where it is anything else, which refuses nothing.</summary>
    public readonly string? AnyText() => _json.TokenType is JsonTokenType.String ? Decoded() : null;

    public readonly bool TryWhole(out long number)
    {
        number = 0;
        if (_json.TokenType is JsonTokenType.String)
        {
            return Utf8Parser.TryParse(_json.ValueSpan, out number, out var used) && used == _json.ValueSpan.Length;
        }

        if (_json.TokenType is not JsonTokenType.Number) return false;
        if (_json.TryGetInt64(out number)) return true;
        if (!_json.TryGetDecimal(out var value) || value != decimal.Truncate(value) || value is < 0 or > long.MaxValue) return false;
        number = (long)value;
        return true;
    }

    private readonly string? Decoded() => JsonText.Of(_json);
}
