using System.Collections.Immutable;
using System.Globalization;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;

namespace Tieout.Core.Ledger.Sketches;

/// <summary>Something that distributions can be grouped by: the hour, the org, or a label.</summary>
/// <param name="Name">In snake_case, as in the API.</param>
/// <param name="Of">Null: usage that bears no such label.</param>
public sealed record DistributionDimension(string Name, Func<LabelledSketch, string?> Of)
{
    /// <summary>An hour of UTC, for example <c>2026-11-22T08:00Z</c>.</summary>
    public static DistributionDimension Hour { get; } =
        new("hour", line => line.Slot.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture));

    public static ImmutableArray<DistributionDimension> All { get; } =
    [
        new("org", line => line.Labels.Org), Hour, .. LabelDimension.All.Select(label => new DistributionDimension(label.Name, line => label.Of(line.Labels))),
    ];
}

/// <summary>The dimensions that distributions are grouped by, in this order.</summary>
public sealed record DistributionGrouping(ImmutableArray<DistributionDimension> Dimensions)
{
    public const int DimensionsMax = 4;

    /// <summary>How finely sketches have to be read.</summary>
    public RecountSlot Slot => Dimensions.Contains(DistributionDimension.Hour) ? RecountSlot.Hour : RecountSlot.Range;

    /// <summary>Where in <see cref="Dimensions"/> the hour is; below 0: nowhere.</summary>
    public int HourAt => Dimensions.IndexOf(DistributionDimension.Hour);

    public IEnumerable<string> Names => Dimensions.Select(dimension => dimension.Name);

    /// <summary>All there are, for texts.</summary>
    public static string AllNames { get; } = string.Join(", ", DistributionDimension.All.Select(dimension => dimension.Name));

    /// <summary>Reads <c>feature,model</c>.</summary>
    /// <returns>The error in the text; null: there is none.</returns>
    public static string? Parse(string text, out DistributionGrouping by)
    {
        by = new([]);
        var names = text.Split(',', StringSplitOptions.TrimEntries);
        if (names.Length > DimensionsMax) return $"Distributions are grouped by at most {DimensionsMax} dimensions; {names.Length} were given.";
        var dimensions = ImmutableArray.CreateBuilder<DistributionDimension>();
        foreach (var name in names)
        {
            if (DistributionDimension.All.FirstOrDefault(known => known.Name == name) is not { } dimension)
            {
                return $"'{name}' is not a dimension of distributions. Use {AllNames}.";
            }

            if (dimensions.Contains(dimension)) return $"'{name}' is given twice.";
            dimensions.Add(dimension);
        }

        by = new(dimensions.ToImmutable());
        return null;
    }

    /// <summary>The group of a line. Null: usage that bears no such label.</summary>
    public ImmutableArray<string?> ValuesOf(LabelledSketch line) => [.. Dimensions.Select(dimension => dimension.Of(line))];
}
