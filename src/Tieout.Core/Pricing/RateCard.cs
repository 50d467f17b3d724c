using System.Collections.Immutable;
using System.Text.Json;
using Tieout.Core.Metering;

namespace Tieout.Core.Pricing;

/// <summary>The rates of one model, by unit.</summary>
/// <remarks>
/// Counts are totals that include their parts; a rate is for what no more specific rate takes. So each unit is charged for
/// its count less what its parts were charged for, and a part without a rate of its own costs what its whole costs.
/// Where two rates claim the same tokens and none is for both (cached ones and audio ones, say, but none for cached audio),
/// the dearer one gets them.
/// </remarks>
public sealed class RateCard : IEquatable<RateCard>
{
    private static readonly (UsageUnit Part, ChargeClass Class)[] InputClasses =
        [(UsageUnits.CacheReadTokens, ChargeClass.CacheRead), (UsageUnits.CacheWriteTokens, ChargeClass.CacheWrite)];

    private static readonly (UsageUnit Part, ChargeClass Class)[] OutputClasses = [(UsageUnits.ReasoningTokens, ChargeClass.Reasoning)];

    // Worked out when first asked for: a list has some thousand cards, of which few are ever used.
    private readonly Lazy<ImmutableArray<Line>> _lines;
    private readonly Lazy<ImmutableArray<UsageUnit>> _uncovered;

    /// <exception cref="FormatException">A unit has two rates.</exception>
    public RateCard(IEnumerable<KeyValuePair<UsageUnit, Rate>> rates)
    {
        Rates = [.. rates.OrderBy(rate => rate.Key.Name, StringComparer.Ordinal)];
        if (Rates.DistinctBy(rate => rate.Key).Count() < Rates.Length) throw new FormatException("A unit has two rates.");
        _lines = new(LinesDeepestFirst);
        _uncovered = new(() => [.. UsageUnits.All.Where(unit =>
            unit != UsageUnits.ReportedCost && unit != UsageUnits.Requests && Rates.All(rate => unit != rate.Key && !unit.IsPartOf(rate.Key)))]);
    }

    public static RateCard Empty { get; } = new([]);

    /// <summary>By name of the unit.</summary>
    public ImmutableArray<KeyValuePair<UsageUnit, Rate>> Rates { get; }

    public bool IsEmpty => Rates.IsEmpty;

    /// <summary>The rate that one more of <paramref name="unit"/> costs: its own, else that of the nearest whole; null if there is none.</summary>
    public Rate? For(UsageUnit unit) => _lines.Value.FirstOrDefault(line => unit == line.Unit || unit.IsPartOf(line.Unit)).Rate;

    /// <summary>Whether counts of <paramref name="unit"/> are left out of every sum: neither it nor a whole that it is part of has a rate.</summary>
    public bool Lacks(UsageUnit unit) => _uncovered.Value.Contains(unit);

    /// <summary>These rates, with those of <paramref name="other"/> where it has any.</summary>
    public RateCard With(RateCard other) =>
        new(Rates.Where(rate => other.Rates.All(instead => instead.Key != rate.Key)).Concat(other.Rates));

    /// <summary>These rates with those for tokens times <paramref name="factor"/>: what providers take off a batch is taken off its tokens alone.</summary>
    public RateCard ForBatch(decimal factor) =>
        new(Rates.Select(rate => rate.Key.Family == UsageUnits.InputTokens.Family ? KeyValuePair.Create(rate.Key, rate.Value.Times(factor)) : rate));

    /// <summary>The exact price of one attempt; not rounded. Only a division by 3,600 (seconds) can be inexact, past 25 digits.</summary>
    /// <exception cref="OverflowException">Above the range of <see cref="decimal"/>.</exception>
    public ExactPrice Price(UnitCounts counts)
    {
        var lines = _lines.Value;
        Span<Int128> own = stackalloc Int128[lines.Length];
        decimal input = 0, output = 0, other = 0;
        var flags = Uncovered(counts) ? UsageFlags.Unpriced : UsageFlags.None;
        if (!Own(counts, own)) flags |= UsageFlags.PartsExceedTotal;
        var inputTokens = counts[UsageUnits.InputTokens];
        for (var i = 0; i < own.Length; i++)
        {
            if (own[i] == 0) continue;
            var line = lines[i];
            var price = (decimal)own[i] * line.Rate.At(inputTokens) / line.Unit.Per;
            if (line.Unit.Direction == "input") input += price;
            else if (line.Unit.Direction == "output") output += price;
            else other += price;
        }

        return new(input, output, other, flags);
    }

    /// <summary>As <see cref="Price"/>, added by what it is for.</summary>
    /// <param name="classes">By <see cref="ChargeClass"/>.</param>
    /// <exception cref="OverflowException">Above the range of <see cref="decimal"/>.</exception>
    internal void AddTo(Span<decimal> classes, UnitCounts counts)
    {
        var lines = _lines.Value;
        Span<Int128> own = stackalloc Int128[lines.Length];
        Own(counts, own);
        for (var i = 0; i < own.Length; i++)
        {
            if (own[i] == 0) continue;
            var (unit, rate) = (lines[i].Unit, lines[i].Rate.At(counts[UsageUnits.InputTokens]) / lines[i].Unit.Per);
            var left = own[i];
            foreach (var (part, of) in ClassesWithin(unit))
            {
                // Where a part has no rate of its own, its tokens are among those of the whole.
                if (For(part) is not { } found || !ReferenceEquals(found, lines[i].Rate)) continue;
                var tokens = Int128.Min(left, counts[part]);
                classes[(int)of] += (decimal)tokens * rate;
                left -= tokens;
            }

            classes[(int)ClassOf(unit)] += (decimal)left * rate;
        }
    }

    public bool Equals(RateCard? other) => other is not null && Rates.AsSpan().SequenceEqual(other.Rates.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as RateCard);

    public override int GetHashCode() => HashCode.Combine(Rates.Length, Rates.IsEmpty ? null : Rates[0].Value);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var (unit, rate) in Rates)
        {
            json.WritePropertyName(unit.Name);
            rate.Write(json);
        }

        json.WriteEndObject();
    }

    /// <exception cref="FormatException">Not an object of known units and rates.</exception>
    public static RateCard Read(JsonElement json) =>
        new(json.Members().Select(member => KeyValuePair.Create(
            UsageUnits.Find(member.Name) ?? throw new FormatException($"'{member.Name}' is not a unit of usage."),
            Rate.Read(member.Value))));

    private static ReadOnlySpan<(UsageUnit Part, ChargeClass Class)> ClassesWithin(UsageUnit unit) =>
        unit == UsageUnits.InputTokens ? InputClasses : unit == UsageUnits.OutputTokens ? OutputClasses : [];

    private static ChargeClass ClassOf(UsageUnit unit)
    {
        if (unit.Family != UsageUnits.InputTokens.Family || unit.Direction is null) return ChargeClass.Other;
        bool Is(UsageUnit whole) => unit == whole || unit.IsPartOf(whole);
        return Is(UsageUnits.CacheReadTokens) ? ChargeClass.CacheRead : Is(UsageUnits.CacheWriteTokens) ? ChargeClass.CacheWrite
            : Is(UsageUnits.ReasoningTokens) ? ChargeClass.Reasoning : Is(UsageUnits.OutputTokens) ? ChargeClass.Visible : ChargeClass.Fresh;
    }

    /// <summary>How many of each line's unit no more specific line has.</summary>
    /// <returns>False: parts exceed their whole, which then counts as zero.</returns>
    private bool Own(UnitCounts counts, Span<Int128> own)
    {
        var (lines, isConsistent) = (_lines.Value, true);
        for (var i = 0; i < own.Length; i++)
        {
            own[i] = lines[i].Unit == UsageUnits.Requests ? RequestsIn(counts) : counts[lines[i].Unit];
            foreach (var part in lines[i].Parts) own[i] -= own[part];
            if (own[i] >= 0) continue;
            (own[i], isConsistent) = (0, false);
        }

        return isConsistent;
    }

    /// <summary>An attempt is one request to its provider, said or not; one that used nothing is none.</summary>
    private static long RequestsIn(UnitCounts counts) =>
        counts[UsageUnits.Requests] is var said and > 0 ? said : counts.Equals(UnitCounts.None) ? 0 : 1;

    private bool Uncovered(UnitCounts counts)
    {
        foreach (var unit in _uncovered.Value)
        {
            if (counts[unit] > 0) return true;
        }

        return false;
    }

    private ImmutableArray<Line> LinesDeepestFirst()
    {
        var all = Rates.ToList();
        foreach (var unit in UsageUnits.All.Where(unit => Rates.All(rate => rate.Key != unit)).OrderBy(unit => unit.Depth))
        {
            var wholes = all.Where(rate => unit.IsPartOf(rate.Key)).ToArray();
            var nearest = wholes.Where(rate => !wholes.Any(other => other.Key.IsPartOf(rate.Key))).ToArray();
            if (nearest.Length > 1) all.Add(KeyValuePair.Create(unit, nearest.MaxBy(rate => rate.Value.Base).Value));
        }

        var sorted = all.OrderByDescending(rate => rate.Key.Depth).ToArray();
        return [.. sorted.Select(
            rate => new Line(rate.Key, rate.Value, [.. sorted.Index().Where(part => part.Item.Key.IsPartOf(rate.Key)).Select(part => part.Index)]))];
    }

    /// <param name="Parts">Indexes of the lines of more specific units; they come before this one.</param>
    private readonly record struct Line(UsageUnit Unit, Rate Rate, ImmutableArray<int> Parts);
}

/// <summary>A price before rounding, in major units.</summary>
/// <param name="Other">What belongs to neither direction: searches, requests.</param>
public readonly record struct ExactPrice(decimal Input, decimal Output, decimal Other, UsageFlags Flags)
{
    public decimal Total => Input + Output + Other;
}
