using System.Collections.Immutable;
using System.Globalization;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Invoicing;

/// <summary>Something that spend can be grouped by: time, the org, or a label.</summary>
/// <param name="Name">In snake_case, as in the API.</param>
/// <param name="Of">The value of a line, its days cut in the org's zone; null: spend that bears no such label.</param>
public sealed record SpendDimension(string Name, Func<LabelledLine, TimeZoneInfo, string?> Of)
{
    /// <summary>A day in the org's zone, for example <c>2026-11-22</c>.</summary>
    public static SpendDimension Day { get; } = new("day", (line, zone) =>
        LocalTime.DayOf(line.Slot, zone).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <summary>An hour of UTC, for example <c>2026-11-22T08:00Z</c>.</summary>
    public static SpendDimension Hour { get; } = new("hour", (line, _) =>
        line.Slot.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture));

    public static ImmutableArray<SpendDimension> All { get; } =
    [
        new("org", (line, _) => line.Labels.Org), Day, Hour,
        .. LabelDimension.All.Select(label => new SpendDimension(label.Name, (line, _) => label.Of(line.Labels))),
    ];
}

/// <summary>The dimensions that spend is grouped by, in this order.</summary>
public sealed record SpendGrouping(ImmutableArray<SpendDimension> Dimensions)
{
    public const int DimensionsMax = 4;

    // Months after it do not all have a next one that can be written as a date.
    private static readonly Instant LastMonth = new(Instant.EndOfTime.UnixMicros - 62 * 24 * Instant.MicrosPerHour);

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
            if (SpendDimension.All.FirstOrDefault(known => known.Name == name) is not { } dimension) return Unknown(name);
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

    /// <summary>The group of a line. Null: spend that bears no such label.</summary>
    /// <param name="zone">In which days were cut.</param>
    public ImmutableArray<string?> ValuesOf(LabelledLine line, TimeZoneInfo zone) => [.. Dimensions.Select(dimension => dimension.Of(line, zone))];

    private static string Unknown(string name) =>
        $"{(name is "user" or "tag" ? $"Spend cannot be grouped by '{name}' yet: sums are kept by label, not by end user or tag."
            : $"'{name}' is not a dimension of spend.")} Use {AllNames}.";
}
