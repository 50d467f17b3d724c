using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Detaching;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Attempts from the tables.</summary>
internal sealed class PostgresAttemptsReader(
    PostgresConnections connections, Buckets layout, PostgresLabels labels, IUsageReader usage) : IAttemptsReader
{
    public async Task<Attempt?> AttemptAsync(string org, AttemptId id, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        return await connections.RunAsync(async connection =>
        {
            await labels.LoadAsync(connection, bucket);
            var used = await new PgQuery($"SELECT {RowReads.UsageColumns} FROM {UsageMonths.ById()}", bucket).Where(
                "i.bucket = ? AND i.id = ?", bucket, id.Value)
                .ListAsync(connection, row => RowReads.Usage(row, labels.Of(bucket)));
            var held = await Holds(bucket).Where("h.id = ?", id.Value).ListAsync(connection, row => Held(row, bucket));
            if (held.Count + used.Count == 0) await PostgresDetachedGuard.AttemptAsync(connection, bucket, org, id.Value);
            return Together(held, used).SingleOrDefault(attempt => OrgOf(attempt) == org);
        });
    }

    public async Task<IReadOnlyList<Attempt>> OperationAsync(string org, string operationId, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        var used = await usage.OfOperationAsync(org, operationId, cancellationToken);
        var held = await connections.RunAsync(async connection =>
        {
            await labels.LoadAsync(connection, bucket);
            return await Holds(bucket).Where("h.operation_id = ?", operationId).Then("ORDER BY h.seq").ListAsync(connection, row => Held(row, bucket));
        });
        return Together(held, [.. used]).Where(attempt => OrgOf(attempt) == org).ToArray();
    }

    public async Task<IReadOnlyList<LineageEntry>> LineageAsync(string org, string operationId, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => new PgQuery($"SELECT {RowReads.LineageColumns} FROM lineage")
            .Where("bucket = ? AND operation_id = ? AND org = ?", layout.Of(org), operationId, org).Then("ORDER BY seq").ListAsync(
                connection, RowReads.Lineage));

    public async Task<IReadOnlyDictionary<AttemptId, AttemptEnvelope>> EnvelopesAsync(
        string org, IReadOnlyList<string> operations, CancellationToken cancellationToken) =>
        AttemptEnvelope.ByAttempt(await connections.RunAsync(connection => new PgQuery($"SELECT {AttemptEnvelope.Columns} FROM lineage")
            .Where("bucket = ? AND operation_id = ANY(?) AND org = ? AND kind = ?", layout.Of(org), operations.ToArray(), org, (int)LineageKind.Attempt)
            .Then("ORDER BY seq").ListAsync(connection, AttemptEnvelope.Read)));

    public async Task<AttemptRecords> RecordsAsync(string org, Attempt attempt, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => new AttemptSearch(connection, layout.Of(org), org).RecordsAsync(attempt));

    private static PgQuery Holds(int bucket) =>
        new PgQuery($"SELECT {RowReads.HoldColumns}, coalesce(e.state, 0) FROM holds h LEFT JOIN hold_ends e ON e.bucket = ? AND e.hold = h.seq", bucket).Where(
            "h.bucket = ?", bucket);

    private (Hold Hold, HoldState State) Held(IRow row, int bucket) => (RowReads.Hold(row, labels.Of(bucket)).Hold, (HoldState)row.Int64(9));

    /// <summary>Holds and usage of the same attempts, in the order they were made.</summary>
    private static IEnumerable<Attempt> Together(List<(Hold Hold, HoldState State)> held, List<UsageRow> used)
    {
        foreach (var (hold, state) in held) yield return new(hold, state, used.Find(row => row.Usage.Id == hold.Id));
        foreach (var row in used)
        {
            if (!held.Exists(hold => hold.Hold.Id == row.Usage.Id)) yield return new(Hold: null, HoldState.Settled, row);
        }
    }

    private static string OrgOf(Attempt attempt) => attempt.Usage?.Usage.Labels.Org ?? attempt.Hold!.Scope.Org;
}
