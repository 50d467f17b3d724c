using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Reconciliation.Lineages;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Audits the lineages of every bucket, or of the org's, as of one moment.</summary>
internal sealed class PostgresLineageReader(PostgresConnections connections, Buckets layout) : ILineageReader
{
    public async Task<LineageReport> AuditLineageAsync(LineageQuery query, CancellationToken cancellationToken)
    {
        try
        {
            return await connections.ReadAsync(tables => new LineageRun(new Books(tables, layout), query, cancellationToken).Run());
        }
        catch (Exception damaged) when (UnreadableRows.Caused(damaged))
        {
            throw UnreadableRows.Report(damaged);
        }
    }

    private sealed class Books(PostgresTables tables, Buckets layout) : ILineageBooks
    {
        public IReadOnlyList<int> All { get; } = [.. Enumerable.Range(0, layout.All)];

        public int Of(string org) => layout.Of(org);

        public T Read<T>(int book, Func<ILedgerTables, T> read)
        {
            tables.Show(book);
            return read(tables);
        }

        public (int Book, long Usage)? Elsewhere(int book, Guid attempt)
        {
            tables.Show(book);
            return tables.Elsewhere(attempt);
        }
    }
}
