using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Invoicing;

/// <summary>One group of a report.</summary>
/// <param name="Values">In the order of the report's dimensions. Null: spend that bears no such label.</param>
/// <param name="IsOther">All groups beyond those asked for, as one.</param>
public sealed record SpendLine(ImmutableArray<string?> Values, bool IsOther, RecountLine Sums)
{
    /// <summary>The groups that the line stands for.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>The spend lacks a label that the report groups by, so nobody can be shown it by that label.</summary>
    public bool IsUnattributed => !IsOther && Values.Contains(null);
}

/// <summary>What was spent, by some dimensions. Its lines always sum to <see cref="Total"/>, corrections included.</summary>
/// <remarks>Lines of several orgs may be added as long as their amounts are of one asset.</remarks>
public sealed class SpendReport(SpendGrouping by)
{
    /// <summary>Lines of one answer.</summary>
    public const int LinesMax = 10_000;

    /// <summary>Groups in memory, where an answer shows only some of them.</summary>
    public const int GroupsMax = 250_000;

    private readonly Dictionary<ImmutableArray<string?>, RecountLine> _groups = new(GroupOrder.Ordinal);

    public SpendGrouping By => by;

    public int Groups => _groups.Count;

    public RecountLine Total { get; } = new(default);

    /// <param name="zone">The org's, in which days were cut.</param>
    public void Add(LabelledLine line, TimeZoneInfo zone)
    {
        Group(new(line.Slot, line.Labels), zone).Add(line.Sums);
        Total.Add(line.Sums);
    }

    /// <summary>A usage record with its charge, or what corrected it.</summary>
    /// <inheritdoc cref="Add(LabelledLine, TimeZoneInfo)"/>
    /// <param name="slot">When the slot of time begins that the row counts in.</param>
    public void Add(in UsageEntry row, Instant slot, TimeZoneInfo zone)
    {
        Group(new(slot, row.Usage.Usage.Labels, row.Usage), zone).Count(row);
        Total.Count(row);
    }

    /// <summary>What postings moved beside usage records: a group without the values of records.</summary>
    /// <inheritdoc cref="Add(LabelledLine, TimeZoneInfo)"/>
    public void AddBesideUsage(LabelledLine line, TimeZoneInfo zone)
    {
        if (line.Sums.ChargeBesideUsage == Amount.Zero && line.Sums.Corrections == line.Sums.UsageCorrections) return;
        Group(new(line.Slot, line.Labels), zone).AddBesideUsage(line.Sums);
        Total.AddBesideUsage(line.Sums);
    }

    /// <summary>Adds a report of the same grouping.</summary>
    public void Add(SpendReport other)
    {
        foreach (var (values, sums) in other._groups) Group(values).Add(sums);
        Total.Add(other.Total);
    }

    /// <summary>The charge of lines that stand for several: of the line that comes last, and under the label that replaces values beyond an org's
    /// limits.</summary>
    public Amount OfOther(IEnumerable<SpendLine> lines) => lines.Where(line => line.IsOther || IsReplaced(line)).Sum(line => line.Sums.Charge);

    /// <summary>The charge of all groups that lack a label.</summary>
    public Amount Unattributed => _groups.Where(group => group.Key.Contains(null)).Sum(group => group.Value.Charge);

    private bool IsReplaced(SpendLine line) => by.Dimensions.Zip(line.Values).Any(value => value.First.IsReplaceable && value.Second == UsageLabels.Other);

    /// <summary>The groups with the largest charge, and the others as one line, which comes last. By time first, then by charge, largest first.</summary>
    /// <remarks>Spend that lacks a label is never part of the line of the others: beyond <paramref name="top"/> it is one line, before theirs.</remarks>
    /// <param name="top">How many groups at most have a line of their own.</param>
    public IReadOnlyList<SpendLine> Lines(int top)
    {
        var ranked = _groups.Select(group => new SpendLine(group.Key, IsOther: false, group.Value))
            .OrderByDescending(line => line.Sums.Charge).ThenBy(line => line.Values, GroupOrder.Ordinal).ToList();
        var (shown, rest) = (ranked.Take(top).ToList(), ranked.Skip(top).ToLookup(line => line.IsUnattributed));
        var last = new List<SpendLine>();
        if (rest[true].Any()) last.Add(Unnamed(rest[true], shown));
        if (rest[false].Any()) last.Add(Folded(rest[false], isOther: true));
        IEnumerable<SpendLine> inOrder = by.TimeAt is >= 0 and var time ? shown.OrderBy(line => line.Values[time], StringComparer.Ordinal) : shown;
        return [.. inOrder, .. last];
    }

    /// <summary>Groups that lack a label, as one; a line of the same values among those shown becomes part of it.</summary>
    private SpendLine Unnamed(IEnumerable<SpendLine> rest, List<SpendLine> shown)
    {
        var folded = Folded(rest, isOther: false);
        if (shown.FindIndex(line => line.Values.AsSpan().SequenceEqual(folded.Values.AsSpan())) is >= 0 and var same)
        {
            folded.Sums.Add(shown[same].Sums);
            folded = folded with { Groups = folded.Groups + 1 };
            shown.RemoveAt(same);
        }

        return folded;
    }

    private RecountLine Group(SpendFact fact, TimeZoneInfo zone) => Group(by.ValuesOf(fact, zone));

    private RecountLine Group(ImmutableArray<string?> values)
    {
        ref var group = ref CollectionsMarshal.GetValueRefOrAddDefault(_groups, values, out _);
        return group ??= new(default);
    }

    /// <param name="isOther">False: the labels that the lines may lack have no value.</param>
    private SpendLine Folded(IEnumerable<SpendLine> lines, bool isOther)
    {
        var (sums, groups) = (new RecountLine(default), 0);
        foreach (var line in lines)
        {
            sums.Add(line.Sums);
            groups++;
        }

        return new([.. by.Dimensions.Select(dimension => isOther || dimension.IsAlwaysThere ? UsageLabels.Other : null)], isOther, sums) { Groups = groups };
    }

    /// <summary>Value by value; null comes first.</summary>
    private sealed class GroupOrder : IEqualityComparer<ImmutableArray<string?>>, IComparer<ImmutableArray<string?>>
    {
        public static readonly GroupOrder Ordinal = new();

        public bool Equals(ImmutableArray<string?> x, ImmutableArray<string?> y) => x.AsSpan().SequenceEqual(y.AsSpan());

        public int GetHashCode(ImmutableArray<string?> obj)
        {
            var hash = new HashCode();
            foreach (var value in obj) hash.Add(value, StringComparer.Ordinal);
            return hash.ToHashCode();
        }

        public int Compare(ImmutableArray<string?> x, ImmutableArray<string?> y)
        {
            for (var i = 0; i < x.Length; i++)
            {
                if (string.CompareOrdinal(x[i], y[i]) is not 0 and var order) return order;
            }

            return 0;
        }
    }
}
