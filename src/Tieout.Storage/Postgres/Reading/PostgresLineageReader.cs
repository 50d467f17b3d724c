using Tieout.Core;
using Tieout.Core.Attribution.Audit;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Reconciliation.Lineages;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Audits the lineages of every bucket, or of the org's, as of one moment.</summary>
internal sealed class PostgresLineageReader(PostgresConnections connections, Buckets layout) : ILineageReader
{
    public Task<LineageReport> AuditLineageAsync(LineageQuery query, CancellationToken cancellationToken) =>
        ReadAsync(books => new LineageRun(WithRows(books, query), query, cancellationToken).Run());

    public Task<AuditedSpan> AuditSpanAsync(LineageQuery query, CancellationToken cancellationToken) =>
        ReadAsync(books => new SpanRun(WithRows(books, query), query, cancellationToken).Run());

    public Task<Instant?> FirstRowAsync(Instant from, CancellationToken cancellationToken) =>
        ReadAsync(books => books.All.Select(book => books.Read(book, tables => LineageRows.FirstFrom(tables, from))).Min());

    public Task<IReadOnlyList<AuditedSpan>> TouchedAsync(
        IReadOnlyList<AuditedSpan> spans, IReadOnlyDictionary<int, long> through, CancellationToken cancellationToken) =>
        ReadAsync(books => new TouchedSpans(books, spans, cancellationToken).Run(through));

    private async Task<T> ReadAsync<T>(Func<ILineageBooks, T> read)
    {
        try
        {
            return await connections.ReadAsync(tables => read(new Books(tables, layout)));
        }
        catch (Exception damaged) when (UnreadableRows.Caused(damaged))
        {
            throw UnreadableRows.Report(damaged);
        }
    }

    /// <summary>Steps stay where usage went to an archive, so an audit of those times would miss what they came to.</summary>
    private static ILineageBooks WithRows(ILineageBooks books, LineageQuery query)
    {
        foreach (var book in query.Org is { } org ? [books.Of(org)] : books.All)
        {
            if (books.Read(book, tables => tables.Detached) is { } detached && query.From <= detached.RecordedAt) throw RowsArchivedException.OfRange(detached);
        }

        return books;
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
