using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>Rows of a table, each page in a transaction of its own, which has ended when the rows of the page are looked at.</summary>
/// <param name="isAlone">The connection belongs to these pages, and is closed with them.</param>
internal sealed class SqlitePages(RawConnection connection, OrderedRows rows, bool isAlone) : IRowPages
{
    /// <summary>Rows of a page, at most.</summary>
    public const int PageRows = 2_048;

    private RawStatement? _page;
    private long _last = rows.Order is null ? rows.After : 0;

    public bool ReadsAhead => isAlone;

    public bool Next(Func<IRow, bool> take)
    {
        _page ??= connection.Prepare(rows.Order is null ? ByKey(rows) : ByOrder());
        _page.Bind(1, _last);
        using var reading = _page.Reading();
        var key = _page.ColumnCount - 1;
        var count = 0;
        while (_page.Step())
        {
            _last = _page.Int64(key);
            count++;
            if (!take(_page)) return true;
        }

        return count == PageRows;
    }

    public void Dispose()
    {
        _page?.Dispose();
        if (isAlone) connection.Dispose();
    }

    /// <summary>A page of rows by their key, which is the last column.</summary>
    public static string ByKey(OrderedRows rows) =>
        $"SELECT {rows.Columns}, {rows.Key} FROM {rows.Table} {rows.Joins} WHERE {rows.Where ?? "true"} AND {rows.Key} > ? "
        + $"ORDER BY {rows.Key} LIMIT {PageRows}";

    /// <summary>No index has the rows in this order, so their keys are put in order first.</summary>
    private string ByOrder()
    {
        var ordered = $"{rows.Table.Split(' ')[0]}_in_order";
        connection.Execute($"""
            CREATE TEMP TABLE {ordered} (place INTEGER PRIMARY KEY, of_key INTEGER NOT NULL);
            INSERT INTO {ordered} (of_key) SELECT {rows.Key} FROM {rows.Table} WHERE {rows.Where ?? "true"} ORDER BY {rows.Order}
            """);
        return $"""
            SELECT {rows.Columns}, place FROM {ordered} CROSS JOIN {rows.Table} {rows.Joins}
            WHERE place > ? AND {rows.Key} = of_key ORDER BY place LIMIT {PageRows}
            """;
    }
}
