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
    private readonly RawStatement _correlation = connection.Prepare("INSERT INTO correlations VALUES (?, ?)");

    public void Write(WriteSet writes)
    {
        foreach (var table in writes.Filled) _tables[table].Write(writes);
        for (var i = 0; i < writes.Usage.Count; i++) WriteCorrelation(writes.Usage[i]);
        _chain.Write(writes.Chain);
    }

    public void Dispose()
    {
        foreach (var (_, statement) in _tables) statement.Dispose();
        _chain.Dispose();
        _correlation.Dispose();
    }

    private void WriteCorrelation(UsageRow row)
    {
        if (row.Usage.CorrelationId is not { } correlation || IdTime.IsThatOf(row.Usage.Id.Value, correlation)) return;
        _correlation.Bind(1, correlation);
        _correlation.Bind(2, row.Seq);
        _correlation.Run();
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
