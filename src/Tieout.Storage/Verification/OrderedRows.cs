using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>A statement that reads a table once, from its first row to its last, in an order.</summary>
/// <param name="Columns">What is selected, for example <c>e.commit_no, h.id</c>.</param>
/// <param name="Table">The table that is read, with its alias if it has one: <c>hold_ends e</c>.</param>
/// <param name="Key">The column with a whole number above 0 of its own for each row.</param>
/// <param name="After">Only rows whose key is above it.</param>
/// <param name="Order">By which other columns the rows are ordered; null: by their key.</param>
/// <param name="Where">Which of the rows; null: all.</param>
/// <param name="Joins">Other tables, looked up for each row; empty: none.</param>
internal sealed record OrderedRows(
    string Columns, string Table, string Key, long After = 0, string? Order = null, string? Where = null, string Joins = "")
{
    /// <summary>All rows in one statement.</summary>
    public string Sql => $"SELECT {Columns} FROM {Table} {Joins} WHERE {Where ?? "true"} AND {Key} > {After} ORDER BY {Order ?? Key}";
}

/// <summary>The rows of such a statement, a page at a time.</summary>
internal interface IRowPages : IDisposable
{
    /// <summary>Whether the next page may be read on another thread while this one is looked at.</summary>
    bool ReadsAhead { get; }

    /// <summary>Reads the next page.</summary>
    /// <param name="take">Called for each row; false ends the page after that row.</param>
    /// <returns>False: there are no more rows after these.</returns>
    bool Next(Func<IRow, bool> take);
}

/// <summary>Pages of rows that stay open between two pages.</summary>
internal sealed class OpenPages(IRows rows) : IRowPages
{
    public bool ReadsAhead => false;

    public bool Next(Func<IRow, bool> take)
    {
        while (rows.Step())
        {
            if (!take(rows)) return true;
        }

        return false;
    }

    public void Dispose() => rows.Dispose();
}
