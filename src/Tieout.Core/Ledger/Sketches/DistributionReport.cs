using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Tieout.Core.Ledger.Sketches;

/// <summary>One group of a report.</summary>
/// <param name="Values">In the order of the report's dimensions. Null: usage that bears no such label.</param>
public sealed record DistributionLine(ImmutableArray<string?> Values, UsageSketch Sketch);

/// <summary>How many tokens attempts use and how many end users make them, by some dimensions. Sketches of hours, labels and orgs are merged: a user of several
/// groups counts once in the total.</summary>
public sealed class DistributionReport(DistributionGrouping by)
{
    /// <summary>Lines of one answer: each has distributions of its own in memory.</summary>
    public const int LinesMax = 2_000;

    private readonly Dictionary<string, DistributionLine> _groups = new(StringComparer.Ordinal);

    public int Groups => _groups.Count;

    public UsageSketch Total { get; } = new(default);

    public void Add(LabelledSketch line)
    {
        var values = by.ValuesOf(line);
        ref var group = ref CollectionsMarshal.GetValueRefOrAddDefault(_groups, KeyOf(values), out _);
        (group ??= new(values, new(default))).Sketch.Add(line.Sketch);
        Total.Add(line.Sketch);
    }

    /// <summary>By hour first, then by attempts, most first.</summary>
    public IReadOnlyList<DistributionLine> Lines()
    {
        var ranked = _groups.OrderByDescending(group => group.Value.Sketch.Attempts).ThenBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.Value);
        return [.. by.HourAt is >= 0 and var hour ? ranked.OrderBy(line => line.Values[hour], StringComparer.Ordinal) : ranked];
    }

    /// <summary>A text of its own for each list of values, whatever is in them.</summary>
    private static string KeyOf(ImmutableArray<string?> values) => string.Concat(values.Select(value => value is null ? "-" : $"{value.Length}:{value}"));
}
