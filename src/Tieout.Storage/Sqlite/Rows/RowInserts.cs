using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Rows;

/// <summary>Appends the rows of a write set, table by table: all of one table, then all of the next, is what the caches like.</summary>
internal sealed class RowInserts(RawConnection connection) : IDisposable
{
    private readonly (Action<WriteSet> Write, IDisposable Statement)[] _tables =
        ChainedTables.Each(new Inserts(connection));

    private readonly RowInsert<ChainTable, ChainRow> _chain = new(connection);

    public void Write(WriteSet writes)
    {
        foreach (var table in writes.Filled) _tables[table].Write(writes);
        _chain.Write(writes.Chain);
    }

    public void Dispose()
    {
        foreach (var (_, statement) in _tables) statement.Dispose();
        _chain.Dispose();
    }

    private sealed class Inserts(RawConnection connection) : IChainedTableVisitor<(Action<WriteSet>, IDisposable)>
    {
        public (Action<WriteSet>, IDisposable) Visit<TTable, TRow>()
            where TTable : struct, IChainedTable<TRow>
            where TRow : ChainedRow
        {
            var insert = new RowInsert<TTable, TRow>(connection);
            return (writes => insert.Write(TTable.Rows(writes)), insert);
        }
    }
}
