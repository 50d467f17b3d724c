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
            return await connections.ReadAsync(tables =>
            {
                var books = new Books(tables, layout);
                Validate(books, query);
                return new LineageRun(books, query, cancellationToken).Run();
            });
        }
        catch (Exception damaged) when (UnreadableRows.Caused(damaged))
        {
            throw UnreadableRows.Report(damaged);
        }
    }

    /// <summary>Steps stay where usage went to an archive, so an audit of those times would miss what they came to.</summary>
    private static void Validate(Books books, LineageQuery query)
    {
        foreach (var book in query.Org is { } org ? [books.Of(org)] : books.All)
        {
            if (books.Read(book, tables => tables.Detached) is { } detached && query.From <= detached.RecordedAt) throw RowsArchivedException.OfRange(detached);
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
