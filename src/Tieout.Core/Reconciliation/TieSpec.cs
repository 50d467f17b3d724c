using System.Collections.Immutable;

namespace Tieout.Core.Reconciliation;

/// <summary>One field of the comparison, and what the other book calls it.</summary>
public sealed record TieColumn(TieField Field, string Column);

/// <summary>What two books are compared by, in this order.</summary>
public sealed record TieSpec(ImmutableArray<TieColumn> Columns)
{
    private static readonly TieField[] Known = [TieField.Org, TieField.Day, TieField.Key, TieField.Project, TieField.Team, TieField.Feature, TieField.Provider,
        TieField.Model];

    public bool Has(TieField field) => Columns.Any(column => column.Field == field);

    public int IndexOf(TieField field)
    {
        for (var i = 0; i < Columns.Length; i++)
        {
            if (Columns[i].Field == field) return i;
        }

        return -1;
    }

    public static TieSpec Of(params ReadOnlySpan<TieField> fields) => new([.. fields.ToArray().Select(field => new TieColumn(field, Name(field)))]);

    /// <summary>Reads <c>org,day</c>, or <c>key=api_key,day=date</c> where the other book has its own names for them.</summary>
    /// <returns>What is wrong with the text; null: nothing.</returns>
    public static string? Parse(string text, out TieSpec spec)
    {
        var columns = ImmutableArray.CreateBuilder<TieColumn>();
        spec = new([]);
        foreach (var part in text.Split(','))
        {
            var (name, column) = part.Split('=', 2) is [var left, var right] ? (left.Trim(), right.Trim()) : (part.Trim(), part.Trim());
            var field = Known.Where(known => Name(known) == name).Select(known => (TieField?)known).FirstOrDefault();
            if (field is not { } found) return $"'{name}' cannot be compared by. Use {string.Join(", ", Known.Select(Name))}.";
            if (column.Length == 0) return $"'{part}' names no column.";
            if (columns.Any(known => known.Field == found)) return $"'{name}' is there twice.";
            columns.Add(new(found, column));
        }

        spec = new(columns.ToImmutable());
        return null;
    }

    public static string Name(TieField field) => field switch
    {
        TieField.Org => "org",
        TieField.Day => "day",
        TieField.Key => "key",
        TieField.Project => "project",
        TieField.Team => "team",
        TieField.Feature => "feature",
        TieField.Provider => "provider",
        TieField.Model => "model",
        _ => "measure",
    };
}
