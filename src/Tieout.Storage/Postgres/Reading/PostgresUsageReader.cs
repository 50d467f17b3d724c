using System.Data;
using System.Runtime.CompilerServices;
using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Metering;
using Tieout.Storage.Detaching;
using Tieout.Storage.Follower;
using Tieout.Storage.Lists;
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
        for (var (page, rows) = (UsagePage.First, UsagePage.RowsAtFirst); !page.IsLast; rows = Math.Min(2 * rows, PgQuery.PageRows))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (after, most) = (page.After, rows);
            page = await connections.RunAsync(connection => filter.Id is { } id
                ? PageOfIdAsync(connection, org, filter, id, after, most) : PageAsync(connection, filter, new(Rows: null, after), most));
            foreach (var row in page.Rows)
            {
                if (filter.Matches(row)) yield return row;
            }
        }
    }

    public Task<IReadOnlyList<UsageEntry>> PageAsync(UsagePageQuery query, CancellationToken cancellationToken) => FollowedAsync(
        query.Filter.Org, (followed, labelsOf) => new UsagePageReading(followed, query, labelsOf).Page(), cancellationToken);

    public Task<T> RangeAsync<T>(UsageRangeQuery query, Func<UsageRange, T> read, CancellationToken cancellationToken) => FollowedAsync(
        query.Filter.Org, (followed, labelsOf) => read(new UsageRangeReading(followed, query, labelsOf).Range(cancellationToken)), cancellationToken);

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

    /// <summary>Reads an org's bucket with what the follower stored of it, as of one moment.</summary>
    private Task<T> FollowedAsync<T>(string org, Func<Followed, Func<int, UsageLabels>, T> read, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        return connections.RunAsync(async connection =>
        {
            await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            await labels.LoadAsync(connection, bucket);
            var tables = new BucketRows(connection, bucket);
            return await Task.Run(() => read(new(FollowerPosition.Read(tables), tables, tables), labels.Of(bucket)), cancellationToken);
        });
    }

    private async Task<UsagePage> PageOfIdAsync(
        NpgsqlConnection connection, OrgState org, UsageFilter filter, (UsageIdKind Kind, string Value) id, long after, int rows)
    {
        await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        var tables = new BucketRows(connection, layout.Of(filter.Org));
        var among = await Task.Run(() =>
        {
            var first = filter.From <= Instant.UnixEpoch ? after : Math.Max(after, Before(tables, filter.From));
            return new RowIndexReading(new(FollowerPosition.Read(tables), tables, tables)).Candidates(org.FirstAccount, id, first, rows);
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

    private async Task<UsagePage> PageAsync(NpgsqlConnection connection, UsageFilter filter, IdCandidates among, int rows)
    {
        var bucket = layout.Of(filter.Org);
        await labels.LoadAsync(connection, bucket);
        var attributions = (await new PgQuery("SELECT no FROM attributions a").Where("a.bucket = ? AND a.org = ?", bucket, filter.Org)
            .ListAsync(connection, row => RowReads.Int32(row, 0))).Where(no => filter.Matches(labels.Of(bucket)(no))).ToArray();
        if (attributions.Length == 0) return UsagePage.None;
        if (among.Rows is { } numbers) await PostgresDetachedGuard.UsageAsync(connection, bucket, numbers, filter.From);
        else if (filter.Id is null) await PostgresDetachedGuard.RangeAsync(connection, bucket, filter.Org, filter.From);
        var query = new PgQuery($"SELECT {RowReads.UsageColumns} FROM usage u");
        if (among.Rows is { } some) query.Where("u.bucket = ? AND u.seq = ANY(?)", bucket, some.ToArray());
        else query.Where("u.bucket = ? AND u.seq > ?", bucket, among.Last).Where(PgQuery.Since("usage"), bucket, filter.From.UnixMicros);
        query.Where("u.recorded_at >= ?", filter.From.UnixMicros)
            .Where("u.effective_at >= ? AND u.effective_at < ?", filter.From.UnixMicros, filter.To.UnixMicros)
            .Where("u.attribution = ANY(?)", attributions);
        if (filter.Id is { } id) query.Where($"u.{IndexReads.Column(id.Kind)} = ?", id.Value);
        query.Then("ORDER BY u.seq LIMIT ?", rows);
        return among.Page(await query.ListAsync(connection, row => RowReads.Usage(row, labels.Of(bucket))), rows);
    }
}
