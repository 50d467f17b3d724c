using System.Collections.Immutable;
using System.Globalization;
using Tieout.Core.Metering;

namespace Tieout.Core.Reconciliation;

/// <summary>What two books can be compared by.</summary>
public enum TieField
{
    Org,

    /// <summary>A day in the org's zone; of a provider's bill, in UTC.</summary>
    Day,
    Key,
    Project,
    Team,
    Feature,
    Provider,
    Model,

    /// <summary>What a bill counts: <c>input_tokens</c>, <c>output_tokens</c> ...</summary>
    Measure,
}

/// <summary>The values of one row, in the order of the fields asked for. Null: what bears none, such as spend without a key.</summary>
public sealed class TieKey(ImmutableArray<string?> values) : IEquatable<TieKey>, IComparable<TieKey>
{
    public ImmutableArray<string?> Values { get; } = values;

    /// <summary>The row that a charge of ours belongs to.</summary>
    public static TieKey Of(TieSpec spec, UsageLabels labels, DateOnly? day) =>
        new([.. spec.Columns.Select(
            column => column.Field == TieField.Day ? day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : Label(labels, column.Field))]);

    public static string? Label(UsageLabels labels, TieField field) => field switch
    {
        TieField.Org => labels.Org,
        TieField.Key => labels.Key,
        TieField.Project => labels.Project,
        TieField.Team => labels.Team,
        TieField.Feature => labels.Feature,
        TieField.Provider => labels.Provider,
        TieField.Model => labels.Model,
        _ => null,
    };

    public bool Equals(TieKey? other) => other is not null && Values.SequenceEqual(other.Values, StringComparer.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as TieKey);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var value in Values) hash.Add(value, StringComparer.Ordinal);
        return hash.ToHashCode();
    }

    /// <summary>Field by field; what bears none comes first.</summary>
    public int CompareTo(TieKey? other)
    {
        if (other is null) return 1;
        for (var i = 0; i < Math.Min(Values.Length, other.Values.Length); i++)
        {
            var order = string.CompareOrdinal(Values[i], other.Values[i]);
            if (order != 0) return order;
        }

        return Values.Length.CompareTo(other.Values.Length);
    }

    public override string ToString() => string.Join(' ', Values.Select(value => value ?? "none"));
}
