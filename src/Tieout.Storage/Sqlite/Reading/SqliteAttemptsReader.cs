using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Detaching;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Attempts from the file.</summary>
internal sealed class SqliteAttemptsReader(ReadConnections connections, IUsageReader usage) : IAttemptsReader
{
    /// <summary>Operations that one statement names.</summary>
    private const int OperationsAtOnce = 500;

    public Task<Attempt?> AttemptAsync(string org, AttemptId id, CancellationToken cancellationToken) =>
        Task.FromResult(connections.Read(cancellationToken, connection => Attempt(connection, org, id)));

    public async Task<IReadOnlyList<Attempt>> OperationAsync(string org, string operationId, CancellationToken cancellationToken)
    {
        // Before the holds: an attempt that ends meanwhile is then still among them.
        var used = (await usage.OfOperationAsync(org, operationId, cancellationToken)).Select(row => row.Usage.Id.Value);
        return connections.Read(cancellationToken, connection =>
        {
            var held = new Query("SELECT id FROM holds")
                .Where("operation_id = ? AND attribution IN (SELECT no FROM attributions WHERE org = ?)", operationId, org)
                .Then("ORDER BY seq").List(connection, s => s.Guid(0));
            return held.Union(used).Select(id => Attempt(connection, org, new(id))).OfType<Attempt>().ToArray();
        });
    }

    public Task<IReadOnlyList<LineageEntry>> LineageAsync(string org, string operationId, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
        new Query($"SELECT {RowReads.LineageColumns} FROM lineage").Where("operation_id = ? AND org = ?", operationId, org).Then("ORDER BY seq").List(
            connection, RowReads.Lineage));

    public Task<IReadOnlyDictionary<AttemptId, AttemptEnvelope>> EnvelopesAsync(
        string org, IReadOnlyList<string> operations, CancellationToken cancellationToken) =>
        Task.FromResult(connections.Read(cancellationToken, connection => AttemptEnvelope.ByAttempt(
            operations.Chunk(OperationsAtOnce).SelectMany(some => Envelopes(connection, org, some)))));

    private static List<(AttemptId?, AttemptEnvelope)> Envelopes(RawConnection connection, string org, string[] operations) =>
        new Query($"SELECT {AttemptEnvelope.Columns} FROM lineage")
            .Where($"operation_id IN ({string.Join(',', operations.Select(_ => "?"))})", [.. operations])
            .Where("org = ? AND kind = ?", org, (long)LineageKind.Attempt).Then("ORDER BY seq").List(connection, AttemptEnvelope.Read);

    public Task<AttemptRecords> RecordsAsync(string org, Attempt attempt, CancellationToken cancellationToken) =>
        Task.FromResult(connections.Read(cancellationToken, connection => new AttemptSearch(connection, org).Records(attempt)));

    private Attempt? Attempt(RawConnection connection, string org, AttemptId id)
    {
        var usage = new Query($"SELECT {RowReads.UsageColumns} FROM usage u").Where("u.id = ?", id.Value)
            .List(connection, s => RowReads.Usage(s, no => connections.Labels(connection, no))).SingleOrDefault();
        var held = new Query($"SELECT {RowReads.HoldColumns}, coalesce(e.state, 0) FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq").Where(
            "h.id = ?", id.Value)
            .List(connection, s => (RowReads.Hold(s, no => connections.Labels(connection, no)).Hold, State: (HoldState)s.Int64(9))).SingleOrDefault();
        if (usage is null && held.Hold is null) DetachedGuard.Attempt(connection, org, id.Value);
        if ((usage?.Usage.Labels.Org ?? held.Hold?.Scope.Org) != org) return null;
        return new(held.Hold, held.Hold is null ? HoldState.Settled : held.State, usage);
    }
}
