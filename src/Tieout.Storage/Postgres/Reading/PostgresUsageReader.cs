using System.Data;
using System.Runtime.CompilerServices;
using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Follower;
using Tieout.Storage.Lists;
using Tieout.Storage.Postgres.Follower;
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
        var after = 0L;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var first = after;
            var page = await connections.RunAsync(connection => RowsAfterAsync(connection, filter, first));
            foreach (var row in page)
            {
                if (filter.Matches(row)) yield return row;
            }

            if (page.Count < PgQuery.PageRows) yield break;
            after = page[^1].Seq;
        }
    }

    public Task<IReadOnlyList<UsageEntry>> PageAsync(UsagePageQuery query, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(query.Filter.Org);
        return connections.RunAsync(async connection =>
        {
            await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            await labels.LoadAsync(connection, bucket);
            var tables = new BucketRows(connection, bucket);
            return await Task.Run(
                () => new UsagePageReading(new(FollowerPosition.Read(tables), tables, tables), query, labels.Of(bucket)).Page(), cancellationToken);
        });
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

    private async Task<List<UsageRow>> RowsAfterAsync(NpgsqlConnection connection, UsageFilter filter, long after)
    {
        var bucket = layout.Of(filter.Org);
        await labels.LoadAsync(connection, bucket);
        var attributions = (await new PgQuery("SELECT no FROM attributions a").Where("a.bucket = ? AND a.org = ?", bucket, filter.Org)
            .ListAsync(connection, row => RowReads.Int32(row, 0))).Where(no => filter.Matches(labels.Of(bucket)(no))).ToArray();
        if (attributions.Length == 0) return [];
        return await new PgQuery($"SELECT {RowReads.UsageColumns} FROM usage u")
            .Where("u.bucket = ? AND u.seq > ?", bucket, after)
            .Where(PgQuery.Since("usage"), bucket, filter.From.UnixMicros).Where("u.recorded_at >= ?", filter.From.UnixMicros)
            .Where("u.effective_at >= ? AND u.effective_at < ?", filter.From.UnixMicros, filter.To.UnixMicros)
            .Where("u.attribution = ANY(?)", attributions).Then("ORDER BY u.seq LIMIT ?", PgQuery.PageRows)
            .ListAsync(connection, row => RowReads.Usage(row, labels.Of(bucket)));
    }
}
