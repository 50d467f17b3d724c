using System.Runtime.CompilerServices;
using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Usage rows and cells from the tables.</summary>
internal sealed class PostgresUsageReader(PostgresConnections connections, Buckets layout, PostgresLabels labels) : IUsageReader
{
    // As the index says it, word for word.
    private const string CameLater = "u.correlation_id IS NOT NULL AND left(u.correlation_id, 11) <> left(u.id::text, 11)";

    public async IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (after, left) = (filter.After, filter.Limit);
        while (left > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = await connections.RunAsync(connection => UsagePageAsync(connection, filter, after, Math.Min(left, PgQuery.PageRows)));
            foreach (var row in page) yield return row;
            if (page.Count < Math.Min(left, PgQuery.PageRows)) yield break;
            (after, left) = (page[^1].Seq, left - page.Count);
        }
    }

    public async Task<IReadOnlyList<UsageRow>> CorrelatedAsync(string org, string correlationId, int limit, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        return await connections.RunAsync(async connection =>
        {
            await labels.LoadAsync(connection, bucket);
            Task<List<UsageRow>> UsageAsync(PgQuery where) => where
                .Where("u.correlation_id = ? AND u.attribution IN (SELECT no FROM attributions a WHERE a.bucket = ? AND a.org = ?)", correlationId, bucket, org)
                .Then("ORDER BY u.seq LIMIT ?", limit).ListAsync(connection, row => RowReads.Usage(row, labels.Of(bucket)));

            var found = await UsageAsync(new PgQuery($"SELECT {RowReads.UsageColumns} FROM usage u").Where("u.bucket = ?", bucket).Where(CameLater));
            if (IdTime.Around(correlationId) is { } ids)
            {
                found.AddRange(await UsageAsync(new PgQuery($"SELECT {RowReads.UsageColumns} FROM {UsageMonths.ById()}", bucket).Where(
                    "i.bucket = ? AND i.id BETWEEN ? AND ?", bucket, ids.First, ids.Last)));
            }

            return (IReadOnlyList<UsageRow>)[.. found.OrderBy(row => row.Seq).Take(limit)];
        });
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

    private async Task<List<UsageRow>> UsagePageAsync(NpgsqlConnection connection, UsageFilter filter, long after, int rows)
    {
        var bucket = layout.Of(filter.Org);
        var query = new PgQuery($"SELECT {RowReads.UsageColumns} FROM usage u")
            .Where("u.bucket = ? AND u.seq > ?", bucket, after)
            .Where(PgQuery.Since("usage"), bucket, filter.From.UnixMicros).Where("u.recorded_at >= ?", filter.From.UnixMicros)
            .Where("u.effective_at >= ? AND u.effective_at < ?", filter.From.UnixMicros, filter.To.UnixMicros)
            .WhereGiven("u.operation_id = ?", filter.OperationId)
            .WhereGiven("u.correlation_id = ?", filter.CorrelationId)
            .WhereGiven("u.end_user = ?", filter.EndUser);
        var of = new PgQuery("SELECT no FROM attributions a").Where("a.bucket = ? AND a.org = ?", bucket, filter.Org)
            .WhereGiven("a.project = ?", filter.Project).WhereGiven("a.team = ?", filter.Team).WhereGiven("a.key = ?", filter.Key)
            .WhereGiven("a.feature = ?", filter.Feature).WhereGiven("a.model = ?", filter.Model)
            .WhereGiven("a.app_instance = ?", filter.AppInstance);
        if (filter.Source is { } source) of.Where("a.source = ?", (int)source);
        var attributions = await of.ListAsync(connection, row => (int)row.Int64(0));
        if (attributions.Count == 0) return [];
        await labels.LoadAsync(connection, bucket);
        return await query.Where("u.attribution = ANY(?)", attributions.ToArray()).Then("ORDER BY u.seq LIMIT ?", rows).ListAsync(
            connection, row => RowReads.Usage(row, labels.Of(bucket)));
    }
}
