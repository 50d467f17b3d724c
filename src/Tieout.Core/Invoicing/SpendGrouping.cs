using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Invoicing;

/// <summary>What is put into a group: a line of some labels, or one usage record with what corrected it.</summary>
/// <param name="Slot">When its slot of time begins.</param>
/// <param name="Row">Null: a line, of which the values of single records are not known.</param>
public readonly record struct SpendFact(Instant Slot, UsageLabels Labels, UsageRow? Row = null);

/// <summary>Something that spend can be grouped by: time, the org, a label, or what each usage record has of its own.</summary>
/// <param name="Name">In snake_case, as in the API.</param>
/// <param name="Of">The value of a fact, its days cut in the org's zone; null: spend that bears no such value.</param>
/// <param name="IsOfRows">No line has it: every usage record of the range is looked at.</param>
public sealed record SpendDimension(string Name, Func<SpendFact, TimeZoneInfo, string?> Of, bool IsOfRows = false)
{
    private const string Org = "org";

    /// <summary>Whether <see cref="UsageLabels.Other"/> may stand for values that an org has too many of.</summary>
    public bool IsReplaceable => Name != Org;

    /// <summary>Every fact has a value of it.</summary>
    public bool IsAlwaysThere => Name == Org || this == Day || this == Hour;

    /// <summary>A day in the org's zone, for example <c>2026-11-22</c>.</summary>
    public static SpendDimension Day { get; } = new("day", (fact, zone) =>
        LocalTime.DayOf(fact.Slot, zone).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <summary>An hour of UTC, for example <c>2026-11-22T08:00Z</c>.</summary>
    public static SpendDimension Hour { get; } = new("hour", (fact, _) =>
        fact.Slot.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture));

    public static ImmutableArray<SpendDimension> All { get; } =
    [
        new(Org, (fact, _) => fact.Labels.Org), Day, Hour,
        .. LabelDimension.All.Select(label => new SpendDimension(label.Name, (fact, _) => label.Of(fact.Labels))),
        OfRows("user", row => row.Usage.EndUser),
        OfRows("workflow", row => row.Usage.WorkflowId),
        OfRows("status", row => row.Usage.StatusCode.ToString(CultureInfo.InvariantCulture)),
        OfRows("basis", row => JsonNamingPolicy.SnakeCaseLower.ConvertName(row.Usage.Basis.ToString())),
    ];

    /// <summary>The tags that a request can have.</summary>
    public static ImmutableArray<string> Tags { get; } = ["project", "feature", "user", "workflow", "trigger"];

    private static SpendDimension OfRows(string name, Func<UsageRow, string?> of) =>
        new(name, (fact, _) => fact.Row is { } row ? of(row) : null, IsOfRows: true);
}

/// <summary>The dimensions that spend is grouped by, in this order.</summary>
public sealed record SpendGrouping(ImmutableArray<SpendDimension> Dimensions)
{
    public const int DimensionsMax = 4;

    private const string TagPrefix = "tag:";

    // Months after it do not all have a next one that can be written as a date.
    private static readonly Instant LastMonth = new(Instant.EndOfTime.UnixMicros - 62 * 24 * Instant.MicrosPerHour);

    /// <summary>Whether lines do not have it all, so that every usage record of the range is looked at.</summary>
    public bool IsOfRows => Dimensions.Any(dimension => dimension.IsOfRows);

    /// <summary>How finely sums have to be read.</summary>
    public RecountSlot Slot =>
        Dimensions.Contains(SpendDimension.Hour) ? RecountSlot.Hour : Dimensions.Contains(SpendDimension.Day) ? RecountSlot.Day : RecountSlot.Range;

    /// <summary>The longest range, in days: ten years by day, three months by hour. Null: any. Each slot has lines of its own to read.</summary>
    public int? DaysMax => Slot switch
    {
        RecountSlot.Hour => 93,
        RecountSlot.Day => 3_660,
        _ => null,
    };

    /// <summary>Where in <see cref="Dimensions"/> the time is; below 0: nowhere.</summary>
    public int TimeAt => Math.Max(Dimensions.IndexOf(SpendDimension.Day), Dimensions.IndexOf(SpendDimension.Hour));

    public IEnumerable<string> Names => Dimensions.Select(dimension => dimension.Name);

    /// <summary>All there are, for texts.</summary>
    public static string AllNames { get; } = string.Join(", ", SpendDimension.All.Select(dimension => dimension.Name));

    /// <summary>Reads <c>team,model</c>.</summary>
    /// <returns>What is wrong with the text; null: nothing.</returns>
    public static string? Parse(string text, out SpendGrouping by)
    {
        by = new([]);
        var names = text.Split(',', StringSplitOptions.TrimEntries);
        if (names.Length > DimensionsMax) return $"Spend is grouped by at most {DimensionsMax} dimensions; {names.Length} were given.";
        var dimensions = ImmutableArray.CreateBuilder<SpendDimension>();
        foreach (var name in names)
        {
            if (Dimension(name) is not { } dimension) return Unknown(name);
            if (dimensions.Contains(dimension)) return $"'{name}' is given twice.";
            dimensions.Add(dimension);
        }

        by = new(dimensions.ToImmutable());
        return dimensions.Contains(SpendDimension.Day) && dimensions.Contains(SpendDimension.Hour)
            ? "Group by day or by hour, not by both: hours are cut in UTC, days in the org's time zone."
            : null;
    }

    /// <summary>The range in pieces that are read one after another, so that only the lines of one are in memory: months of days, days of hours.</summary>
    /// <remarks>Half-open, in order; together they are the range. No hour and no day of the org is in two pieces.</remarks>
    public IEnumerable<Window> Pieces(Instant from, Instant to, TimeZoneInfo zone)
    {
        if (Slot == RecountSlot.Range)
        {
            if (from < to) yield return new(from, to);
            yield break;
        }

        var (unit, of) = Slot == RecountSlot.Day ? (WindowUnit.Month, zone) : (WindowUnit.Day, TimeZoneInfo.Utc);
        (from, to) = (from < Instant.UnixEpoch ? Instant.UnixEpoch : from, to > LastMonth ? LastMonth : to);
        while (from < to)
        {
            var end = Window.Of(unit, from, of).End;
            yield return new(from, end < to ? end : to);
            from = end;
        }
    }

    /// <summary>The group of a fact. Null: spend that bears no such value.</summary>
    /// <param name="zone">In which days were cut.</param>
    public ImmutableArray<string?> ValuesOf(SpendFact fact, TimeZoneInfo zone) => [.. Dimensions.Select(dimension => dimension.Of(fact, zone))];

    /// <summary>By name, or as <c>tag:NAME</c>.</summary>
    private static SpendDimension? Dimension(string name)
    {
        if (name.StartsWith(TagPrefix, StringComparison.Ordinal) && SpendDimension.Tags.Contains(name[TagPrefix.Length..])) name = name[TagPrefix.Length..];
        return SpendDimension.All.FirstOrDefault(known => known.Name == name);
    }

    private static string Unknown(string name) => name.StartsWith("tag", StringComparison.Ordinal)
        ? $"'{name}' is not a tag of usage. Use tag: with {string.Join(", ", SpendDimension.Tags)}, for example {TagPrefix}feature."
        : $"'{name}' is not a dimension of spend. Use {AllNames}.";
}
