using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tieout.Core.Metering;

/// <summary>A count for every unit, zero where nothing was counted. Totals include their parts, as in <see cref="UsageCounts"/>.</summary>
public sealed class UnitCounts : IEquatable<UnitCounts>
{
    private readonly long[] _counts;

    private UnitCounts(long[] counts) => _counts = counts;

    public static UnitCounts None { get; } = new(new long[UsageUnits.All.Length]);

    public long this[UsageUnit unit] => _counts[unit.Index];

    /// <summary>What was counted, units with zero left out, by name.</summary>
    public IEnumerable<KeyValuePair<UsageUnit, long>> Counted =>
        UsageUnits.All.Where(unit => this[unit] != 0).OrderBy(unit => unit.Name, StringComparer.Ordinal)
            .Select(unit => KeyValuePair.Create(unit, this[unit]));

    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    public static UnitCounts Of(params ReadOnlySpan<(UsageUnit Unit, long Count)> counts)
    {
        var sums = new long[UsageUnits.All.Length];
        foreach (var (unit, count) in counts)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(count);
            sums[unit.Index] = Saturated(sums[unit.Index], count);
        }

        return new(sums);
    }

    /// <exception cref="FormatException"><see cref="UsageCounts.More"/> is not an object of known units and counts.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A count is negative.</exception>
    public static UnitCounts Of(in UsageCounts counts)
    {
        var all = Of(
            (UsageUnits.InputTokens, counts.InputTokens), (UsageUnits.CacheReadTokens, counts.CacheReadTokens),
            (UsageUnits.CacheWriteTokens, counts.CacheWriteTokens), (UsageUnits.OutputTokens, counts.OutputTokens),
            (UsageUnits.ReasoningTokens, counts.ReasoningTokens));
        if (counts.More is { } more) all.Add(more);
        return all;
    }

    /// <summary>These counts and <paramref name="other"/>, unit by unit.</summary>
    public UnitCounts Plus(UnitCounts other) => new([.. _counts.Zip(other._counts, Saturated)]);

    /// <summary>In the form in which records are stored.</summary>
    public UsageCounts ToUsageCounts()
    {
        StringBuilder? more = null;
        foreach (var (unit, count) in Counted)
        {
            if (IsColumn(unit)) continue;
            (more ??= new("{")).Append(CultureInfo.InvariantCulture, $"{(more.Length > 1 ? "," : "")}\"{unit.Name}\":{count}");
        }

        return new(
            this[UsageUnits.InputTokens], this[UsageUnits.CacheReadTokens], this[UsageUnits.CacheWriteTokens],
            this[UsageUnits.OutputTokens], this[UsageUnits.ReasoningTokens], more?.Append('}').ToString());
    }

    public bool Equals(UnitCounts? other) => other is not null && _counts.AsSpan().SequenceEqual(other._counts);

    public override bool Equals(object? obj) => Equals(obj as UnitCounts);

    public override int GetHashCode() => HashCode.Combine(this[UsageUnits.InputTokens], this[UsageUnits.OutputTokens]);

    public override string ToString() => string.Join(", ", Counted.Select(counted => $"{counted.Key} {counted.Value}"));

    /// <summary>The sum of two counts, or the largest there is: far above every bound, so what does not fit is refused as too large and never throws.</summary>
    private static long Saturated(long left, long right) => left > long.MaxValue - right ? long.MaxValue : left + right;

    private static bool IsColumn(UsageUnit unit) =>
        unit == UsageUnits.InputTokens || unit == UsageUnits.CacheReadTokens || unit == UsageUnits.CacheWriteTokens
        || unit == UsageUnits.OutputTokens || unit == UsageUnits.ReasoningTokens;

    private void Add(string more)
    {
        try
        {
            using var document = JsonDocument.Parse(more);
            foreach (var counted in document.RootElement.EnumerateObject())
            {
                var unit = UsageUnits.Find(counted.Name) ?? throw new FormatException($"'{counted.Name}' is not a unit of usage.");
                if (IsColumn(unit)) throw new FormatException($"'{counted.Name}' has a field of its own.");
                if (!counted.Value.TryGetInt64(out var count) || count < 0) throw new FormatException($"'{counted.Name}' is not a count: {counted.Value}.");
                _counts[unit.Index] = Saturated(_counts[unit.Index], count);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FormatException($"'{more}' is not a JSON object of counts.", error);
        }
    }
}
