using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>Rows of a table one after another, by their key. The snapshot of the file that they are read from is renewed with each page.</summary>
/// <param name="connection">Belongs to these rows, and is closed with them.</param>
internal sealed class SqliteRows(RawConnection connection, OrderedRows rows) : IRows
{
    private RawStatement? _page;
    private long _last = rows.After;
    private int _read;

    private RawStatement Page => _page ??= connection.Prepare(SqlitePages.ByKey(rows));

    public bool Step()
    {
        if (_read is 0 or SqlitePages.PageRows)
        {
            _read = 0;
            Page.Reset();
            Page.Bind(1, _last);
        }

        if (!Page.Step())
        {
            Page.Reset();
            return false;
        }

        _read++;
        _last = Page.Int64(Page.ColumnCount - 1);
        return true;
    }

    public bool IsNull(int column) => Page.IsNull(column);

    public long Int64(int column) => Page.Int64(column);

    public Int128 Int128(int column) => Page.Int128(column);

    public string Text(int column) => Page.Text(column);

    public ReadOnlySpan<byte> Bytes(int column) => Page.Bytes(column);

    public Guid Guid(int column) => Page.Guid(column);

    public void Dispose()
    {
        _page?.Dispose();
        connection.Dispose();
    }
}
