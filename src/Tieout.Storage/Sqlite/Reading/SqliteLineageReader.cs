using Tieout.Core;
using Tieout.Core.Attribution.Audit;
using Tieout.Storage.Reconciliation.Lineages;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Audits the lineages of the file. Each piece is read as of a commit of its own, so the log can start again between two.</summary>
internal sealed class SqliteLineageReader(ReadConnections connections) : ILineageReader
{
    public Task<LineageReport> AuditLineageAsync(LineageQuery query, CancellationToken cancellationToken) =>
        Task.Run(() => Run(query, cancellationToken), cancellationToken);

    public Task<AuditedSpan> AuditSpanAsync(LineageQuery query, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            RequireRows(query, cancellationToken);
            return new SpanRun(new Books(connections, cancellationToken), query, cancellationToken).Run();
        },
        cancellationToken);

    public Task<Instant?> FirstRowAsync(Instant from, CancellationToken cancellationToken) =>
        Task.Run(() => connections.Read(cancellationToken, connection => LineageRows.FirstFrom(new SqliteTables(connection), from)), cancellationToken);

    public Task<IReadOnlyList<AuditedSpan>> TouchedAsync(
        IReadOnlyList<AuditedSpan> spans, IReadOnlyDictionary<int, long> through, CancellationToken cancellationToken) =>
        Task.Run(() => new TouchedSpans(new Books(connections, cancellationToken), spans, cancellationToken).Run(through), cancellationToken);

    private LineageReport Run(LineageQuery query, CancellationToken cancellationToken)
    {
        RequireRows(query, cancellationToken);
        return new LineageRun(new Books(connections, cancellationToken), query, cancellationToken).Run();
    }

    /// <summary>Steps stay where usage went to an archive, so an audit of those times would miss what they came to.</summary>
    private void RequireRows(LineageQuery query, CancellationToken cancellationToken)
    {
        if (connections.Read(cancellationToken, connection => new SqliteTables(connection).Detached) is { } detached && query.From <= detached.RecordedAt)
        {
            throw RowsArchivedException.OfRange(detached);
        }
    }

    private sealed class Books(ReadConnections connections, CancellationToken cancellationToken) : ILineageBooks
    {
        public IReadOnlyList<int> All { get; } = [0];

        public int Of(string org) => 0;

        public T Read<T>(int book, Func<ILedgerTables, T> read) => connections.Read(cancellationToken, connection => read(new SqliteTables(connection)));

        public (int Book, long Usage)? Elsewhere(int book, Guid attempt) => null;
    }
}
