using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Tieout.Core.Pricing;

/// <summary>What one lot of a unit costs (<see cref="Metering.UsageUnit.Per"/> of it), in major units of the list's asset.</summary>
/// <remarks>
/// Tiers are cliffs, as providers publish them: an attempt with more than <see cref="Tier.Above"/> input tokens pays the
/// tier's price for all of the unit, not only for what lies above. The last tier that is passed counts.
/// </remarks>
/// <param name="Tiers">In rising order of <see cref="Tier.Above"/>; usually none.</param>
public sealed record Rate(decimal Base, ImmutableArray<Tier> Tiers)
{
    /// <summary>Above any listed price by far, so that a slip of the decimal point in a file is refused.</summary>
    public const decimal Max = 1_000_000;

    public static implicit operator Rate(decimal flat) => new(flat, []);

    public static Rate FromDecimal(decimal flat) => flat;

    public decimal At(long inputTokens)
    {
        var price = Base;
        foreach (var tier in Tiers)
        {
            if (inputTokens > tier.Above) price = tier.Price;
        }

        return price;
    }

    /// <summary>The dearest that an attempt with at most <paramref name="inputTokensMax"/> input tokens can meet.</summary>
    public decimal DearestTo(long inputTokensMax)
    {
        var price = Base;
        foreach (var tier in Tiers)
        {
            if (inputTokensMax > tier.Above) price = decimal.Max(price, tier.Price);
        }

        return price;
    }

    internal Rate Times(decimal factor) => new(Base * factor, [.. Tiers.Select(tier => tier with { Price = tier.Price * factor })]);

    public bool Equals(Rate? other) => other is not null && Base == other.Base && Tiers.AsSpan().SequenceEqual(other.Tiers.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Base, Tiers.Length);

    /// <summary><c>"2.5"</c>, or with tiers <c>["5",[200000,"10"]]</c>.</summary>
    public void Write(Utf8JsonWriter json)
    {
        if (Tiers.IsEmpty)
        {
            json.WriteStringValue(Plain(Base));
            return;
        }

        json.WriteStartArray();
        json.WriteStringValue(Plain(Base));
        foreach (var tier in Tiers)
        {
            json.WriteStartArray();
            json.WriteNumberValue(tier.Above);
            json.WriteStringValue(Plain(tier.Price));
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    /// <exception cref="FormatException">Not what <see cref="Write"/> writes, negative, or above <see cref="Max"/>.</exception>
    public static Rate Read(JsonElement json)
    {
        if (json.ValueKind is JsonValueKind.String) return Price(json);
        if (json.ValueKind is not JsonValueKind.Array || json.GetArrayLength() < 2) throw NotARate(json);
        return Tiered(Price(json[0]), json.EnumerateArray().Skip(1).Select(tier =>
            tier.ValueKind is JsonValueKind.Array && tier.GetArrayLength() == 2 && tier[0].ValueKind is JsonValueKind.Number
                && tier[0].TryGetInt64(out var above)
                ? new Tier(above, Price(tier[1]))
                : throw NotARate(json)));
    }

    /// <exception cref="FormatException">A tier starts below zero or where another does.</exception>
    internal static Rate Tiered(decimal start, IEnumerable<Tier> tiers)
    {
        var sorted = tiers.OrderBy(tier => tier.Above).ToImmutableArray();
        if (sorted.Any(tier => tier.Above < 0) || sorted.DistinctBy(tier => tier.Above).Count() < sorted.Length)
        {
            throw new FormatException("Tiers must start at different counts of zero or more.");
        }

        return new(start, sorted);
    }

    /// <exception cref="FormatException">Negative, or above <see cref="Max"/>.</exception>
    internal static decimal Checked(decimal price) =>
        price is >= 0 and <= Max ? price : throw new FormatException($"{price} is not a price: it must be from 0 to {Max}.");

    /// <summary>In the shortest exact form, never with an exponent.</summary>
    internal static string Plain(decimal number) => number.ToString("0.############################", CultureInfo.InvariantCulture);

    private static decimal Price(JsonElement json) =>
        json.ValueKind is JsonValueKind.String
        && decimal.TryParse(json.GetString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var price)
            ? Checked(price)
            : throw NotARate(json);

    private static FormatException NotARate(JsonElement json) =>
        new($"{json.GetRawText()} is not a rate: write \"2.5\", or with tiers [\"5\",[200000,\"10\"]].");
}

/// <param name="Above">Input tokens of the attempt: one more than this is in the tier, this many are not.</param>
public readonly record struct Tier(long Above, decimal Price);
