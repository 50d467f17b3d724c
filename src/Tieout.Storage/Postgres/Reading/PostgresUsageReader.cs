using System.Data;
using System.Runtime.CompilerServices;
using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Storage.Follower;
using Tieout.Storage.Postgres.Follower;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Usage rows and cells from the tables. Rows with an id are found in the follower's index.</summary>
internal sealed class PostgresUsageReader(PostgresConnections connections, Buckets layout, PostgresLabels labels, IOrgs orgs) : IUsageReader
{
    public async IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (orgs.Org(filter.Org) is not { } org) yield break;
        for (var (after, left, isLast) = (filter.After, filter.Limit, false); left > 0 && !isLast;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var rows = Math.Min(left, PgQuery.PageRows);
            var page = await connections.RunAsync(connection => filter.Id is { } id
                ? IdPageAsync(connection, org, id, filter, after, rows) : PageAsync(connection, filter, new(Rows: null, after), rows));
            foreach (var row in page.Rows) yield return row;
            (after, left, isLast) = (page.After, left - page.Rows.Count, page.IsLast);
        }
    }

    public async Task<IReadOnlyList<CellLine>> CellsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        return await connections.RunAsync(async connection =>
        {
            await labels.LoadAsync(connection, bucket);
            return await new PgQuery(
                    $"SELECT {CellFigures.Of("c")} FROM cells c JOIN attributions a ON a.no = c.attribution")
                .Where("c.bucket = ? AND a.bucket = ? AND a.org = ?", bucket, bucket, org)
                .Where("c.hour >= ? AND c.hour < ?", from.UnixMicros / Instant.MicrosPerHour,
                    (to.UnixMicros + Instant.MicrosPerHour - 1) / Instant.MicrosPerHour)
                .Then("ORDER BY c.hour, c.attribution")
                .ListAsync(connection, row => Standings.Cell(row, labels.Of(bucket)));
        });
    }

    private async Task<UsagePage> PageAsync(NpgsqlConnection connection, UsageFilter filter, IdCandidates among, int rows) =>
        await AttributionsAsync(connection, filter) is { Length: > 0 } of
            ? among.Page(await RowsAsync(connection, filter, of, among, rows), rows) : UsagePage.None;

    private async Task<UsagePage> IdPageAsync(
        NpgsqlConnection connection, OrgState org, (UsageIdKind Kind, string Id) id, UsageFilter filter, long after, int rows)
    {
        await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        var tables = new BucketRows(connection, layout.Of(filter.Org));
        var among = await Task.Run(() =>
        {
            var first = filter.From <= Instant.UnixEpoch ? after : Math.Max(after, Before(tables, filter.From));
            return new RowIndexReading(new(FollowerPosition.Read(tables), tables, tables)).Candidates(org.FirstAccount, id.Kind, id.Id, first, rows);
        });
        return await PageAsync(connection, filter, among, rows);
    }

    /// <summary>No row up to this one counts at the time or later: it was recorded before.</summary>
    private static long Before(BucketRows tables, Instant time)
    {
        using var commit = tables.Select(
            "SELECT last_usage FROM chain WHERE recorded_at < ? ORDER BY recorded_at DESC, commit_no DESC LIMIT 1", time.UnixMicros);
        return commit.Step() ? commit.Int64(0) : 0;
    }

    private async Task<int[]> AttributionsAsync(NpgsqlConnection connection, UsageFilter filter)
    {
        var of = new PgQuery("SELECT no FROM attributions a").Where("a.bucket = ? AND a.org = ?", layout.Of(filter.Org), filter.Org)
            .WhereGiven("a.project = ?", filter.Project).WhereGiven("a.team = ?", filter.Team).WhereGiven("a.key = ?", filter.Key)
            .WhereGiven("a.feature = ?", filter.Feature).WhereGiven("a.model = ?", filter.Model)
            .WhereGiven("a.app_instance = ?", filter.AppInstance);
        if (filter.Source is { } source) of.Where("a.source = ?", (int)source);
        return [.. await of.ListAsync(connection, row => (int)row.Int64(0))];
    }

    private async Task<List<UsageRow>> RowsAsync(NpgsqlConnection connection, UsageFilter filter, int[] attributions, IdCandidates among, int rows)
    {
        var bucket = layout.Of(filter.Org);
        await labels.LoadAsync(connection, bucket);
        var query = new PgQuery($"SELECT {RowReads.UsageColumns} FROM usage u");
        if (among.Rows is { } some) query.Where("u.bucket = ? AND u.seq = ANY(?)", bucket, some.ToArray());
        else query.Where("u.bucket = ? AND u.seq > ?", bucket, among.Last);
        return await query
            .Where(PgQuery.Since("usage"), bucket, filter.From.UnixMicros).Where("u.recorded_at >= ?", filter.From.UnixMicros)
            .Where("u.effective_at >= ? AND u.effective_at < ?", filter.From.UnixMicros, filter.To.UnixMicros)
            .Where("u.attribution = ANY(?)", attributions)
            .WhereGiven("u.operation_id = ?", filter.OperationId)
            .WhereGiven("u.correlation_id = ?", filter.CorrelationId)
            .WhereGiven("u.trace_id = ?", filter.TraceId)
            .WhereGiven("u.workflow_id = ?", filter.WorkflowId)
            .WhereGiven("u.end_user = ?", filter.EndUser)
            .Then("ORDER BY u.seq LIMIT ?", rows)
            .ListAsync(connection, row => RowReads.Usage(row, labels.Of(bucket)));
    }
}
