using System.Runtime.CompilerServices;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Usage rows and cells from the file.</summary>
/// <remarks>
/// The reader finds in the chain where a time begins, reads all rows from there on, and keeps those of the org: no row that counts at a time is recorded
/// before that time. So writing needs no index on times.
/// </remarks>
internal sealed class SqliteUsageReader(ReadConnections connections, LedgerWriter writer) : IUsageReader
{
    public async IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (after, left) = (filter.After, filter.Limit);
        while (left > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = connections.Read(cancellationToken, connection => UsagePage(connection, filter, after, Math.Min(left, ReadConnections.PageRows)));
            foreach (var row in page) yield return row;
            if (page.Count < Math.Min(left, ReadConnections.PageRows)) yield break;
            (after, left) = (page[^1].Seq, left - page.Count);
            await Task.Yield();
        }
    }

    public Task<IReadOnlyList<UsageRow>> CorrelatedAsync(string org, string correlationId, int limit, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
    {
        List<UsageRow> Usage(Query query) =>
            query.Where("u.correlation_id = ? AND u.attribution IN (SELECT no FROM attributions WHERE org = ?)", correlationId, org)
            .Then("ORDER BY u.seq LIMIT ?", limit).List(connection, s => RowReads.Usage(s, no => connections.Labels(connection, no)));

        var found = Usage(new Query($"SELECT {RowReads.UsageColumns} FROM correlations c CROSS JOIN usage u ON u.seq = c.usage").Where(
            "c.correlation_id = ?", correlationId));
        if (IdTime.Around(correlationId) is { } ids)
        {
            found.AddRange(
                Usage(new Query($"SELECT {RowReads.UsageColumns} FROM usage u INDEXED BY usage_id").Where("u.id BETWEEN ? AND ?", ids.First, ids.Last)));
        }

        return (IReadOnlyList<UsageRow>)[.. found.DistinctBy(row => row.Seq).OrderBy(row => row.Seq).Take(limit)];
    });

    public async Task<IReadOnlyList<CellLine>> CellsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        await writer.FlushAsync();
        return connections.Read(cancellationToken, connection => new Query(
                $"SELECT {CellFigures.Of("c")} FROM cells c JOIN attributions a ON a.no = c.attribution")
            .Where("c.hour >= ? AND c.hour < ?", from.UnixMicros / Instant.MicrosPerHour, (to.UnixMicros + Instant.MicrosPerHour - 1) / Instant.MicrosPerHour)
            .Where("a.org = ?", org)
            .Then("ORDER BY c.hour, c.attribution")
            .List(connection, s => Standings.Cell(s, no => connections.Labels(connection, no))));
    }

    private const string OfFilter =
        "org = ? AND project IS coalesce(?, project) AND team IS coalesce(?, team) AND key IS coalesce(?, key) AND feature IS coalesce(?, feature) "
        + "AND model IS coalesce(?, model) AND source = coalesce(?, source) AND app_instance IS coalesce(?, app_instance)";

    private static object?[] Values(UsageFilter filter) =>
        [filter.Org, filter.Project, filter.Team, filter.Key, filter.Feature, filter.Model, (long?)filter.Source, filter.AppInstance];

    /// <summary>Whether any usage can match. Rows of all orgs lie together: without this, an org that has none would read everybody's to find that
    /// out.</summary>
    private static bool HasLabels(RawConnection connection, UsageFilter filter) =>
        new Query("SELECT 1 FROM attributions").Where(OfFilter, Values(filter)).Then("LIMIT 1").List(connection, s => s.Int64(0)).Count > 0;

    private List<UsageRow> UsagePage(RawConnection connection, UsageFilter filter, long after, int rows)
    {
        if (!HasLabels(connection, filter)) return [];
        var first = Math.Max(after, ChainSearch.Before(connection, filter.From).Usage);
        return new Query($"SELECT {RowReads.UsageColumns} FROM usage u")
            .Where("u.seq > ?", first)
            .Where("u.effective_at >= ? AND u.effective_at < ?", filter.From.UnixMicros, filter.To.UnixMicros)
            .Where($"u.attribution IN (SELECT no FROM attributions WHERE {OfFilter})", Values(filter))
            .WhereGiven("u.operation_id = ?", filter.OperationId)
            .WhereGiven("u.correlation_id = ?", filter.CorrelationId)
            .WhereGiven("u.end_user = ?", filter.EndUser)
            .Then("ORDER BY u.seq LIMIT ?", rows)
            .List(connection, s => RowReads.Usage(s, no => connections.Labels(connection, no)));
    }
}
