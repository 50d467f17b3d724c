using System.Collections.Immutable;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Metering;

namespace Tieout.Core.Ledger;

/// <summary>Which usage of an org: all that counts in a range of time and has the values asked for.</summary>
/// <param name="To">Not included.</param>
public sealed record UsageFilter(string Org, Instant From, Instant To)
{
    /// <summary>Columns and the value that each must have.</summary>
    public ImmutableArray<(UsageColumn Column, string Value)> Values { get; init; } = [];

    /// <summary>The usage has one of these labels; null: any.</summary>
    public IReadOnlySet<UsageLabels>? Among { get; init; }

    /// <summary>Whether labels and time say it all, so that no row need be looked at.</summary>
    public bool IsOfLabels => Values.All(value => value.Column.Label is not null);

    /// <summary>Whether labels, traits and time say it all.</summary>
    public bool IsOfLines => Values.All(value => value.Column.Label is not null || value.Column.HasTrait is not null);

    /// <summary>Whether a row must have some traits.</summary>
    public bool NamesTraits => Values.Any(value => value.Column.HasTrait is not null);

    /// <summary>Whether a row must have some labels.</summary>
    public bool NamesLabels => Among is not null || Values.Any(value => value.Column.Label is not null);

    /// <summary>The id that the row index finds the rows by: of those asked for, the one that the fewest rows share. Null: no id is asked for.</summary>
    public (UsageIdKind Kind, string Value)? Id => Values.Where(value => value.Column.Id is not null).OrderBy(value => value.Column.Id)
        .Select(value => ((UsageIdKind, string)?)(value.Column.Id!.Value, value.Value)).FirstOrDefault();

    /// <exception cref="ArgumentException">There is no such column.</exception>
    public UsageFilter Where(string column, string value) =>
        this with { Values = Values.Add((UsageColumn.Of(column) ?? throw new ArgumentException($"Usage has no column '{column}'.", nameof(column)), value)) };

    /// <summary>The value that a column must have; null: any.</summary>
    public string? Value(string column) => Values.FirstOrDefault(value => value.Column.Name == column).Value;

    /// <summary>Whether usage under these labels can match.</summary>
    public bool Matches(UsageLabels labels)
    {
        if (!string.Equals(labels.Org, Org, StringComparison.Ordinal) || Among?.Contains(labels) == false) return false;
        foreach (var (column, value) in Values)
        {
            if (column.Label is { } label && label.Of(labels) != value) return false;
        }

        return true;
    }

    /// <summary>Whether usage with these traits can match.</summary>
    public bool Matches(UsageTraits traits) => Values.All(value => value.Column.HasTrait is not { } has || has(traits, value.Value));

    /// <summary>Whether a row has every value, whenever it counts.</summary>
    public bool Matches(UsageRow row)
    {
        if (!string.Equals(row.Usage.Labels.Org, Org, StringComparison.Ordinal) || Among?.Contains(row.Usage.Labels) == false) return false;
        foreach (var (column, value) in Values)
        {
            if (!column.Matches(row, value)) return false;
        }

        return true;
    }

    public bool Contains(Instant at) => From <= at && at < To;
}
