using Tieout.Storage.Reconciliation.Lineages;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Audits the lineages of the file. Each piece is read as of a commit of its own, so the log can start again between two.</summary>
internal sealed class SqliteLineageReader(ReadConnections connections) : ILineageReader
{
    public Task<LineageReport> AuditLineageAsync(LineageQuery query, CancellationToken cancellationToken) =>
        Task.Run(() => Run(query, cancellationToken), cancellationToken);

    /// <summary>Steps stay where usage went to an archive, so an audit of those times would miss what they came to.</summary>
    private LineageReport Run(LineageQuery query, CancellationToken cancellationToken)
    {
        if (connections.Read(cancellationToken, connection => new SqliteTables(connection).Detached) is { } detached && query.From <= detached.RecordedAt)
        {
            throw RowsArchivedException.OfRange(detached);
        }

        return new LineageRun(new Books(connections, cancellationToken), query, cancellationToken).Run();
    }

    private sealed class Books(ReadConnections connections, CancellationToken cancellationToken) : ILineageBooks
    {
        public IReadOnlyList<int> All { get; } = [0];

        public int Of(string org) => 0;

        public T Read<T>(int book, Func<ILedgerTables, T> read) => connections.Read(cancellationToken, connection => read(new SqliteTables(connection)));

        public (int Book, long Usage)? Elsewhere(int book, Guid attempt) => null;
    }
}
