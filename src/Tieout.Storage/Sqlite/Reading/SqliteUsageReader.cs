using System.Runtime.CompilerServices;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Lists;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Follower;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Usage rows and cells from the file.</summary>
/// <remarks>
/// The reader finds in the chain where a time begins, reads all rows from there on, and keeps those of the org: no row that counts at a time is recorded
/// before that time. So writing needs no index on times.
/// </remarks>
internal sealed class SqliteUsageReader(ReadConnections connections, DerivedStore derived, LedgerWriter writer) : IUsageReader
{
    public async IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = 0L;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = connections.Read(cancellationToken, connection => RowsAfter(connection, filter, after));
            foreach (var row in page)
            {
                if (filter.Matches(row)) yield return row;
            }

            if (page.Count < ReadConnections.PageRows) yield break;
            after = page[^1].Seq;
            await Task.Yield();
        }
    }

    public Task<IReadOnlyList<UsageEntry>> PageAsync(UsagePageQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(derived.Read(
            connections, (followed, connection) => new UsagePageReading(followed, query, no => connections.Labels(connection, no)).Page(), cancellationToken));

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

    private List<UsageRow> RowsAfter(RawConnection connection, UsageFilter filter, long after)
    {
        // Rows of all orgs lie together: without this, an org that has none would read everybody's to find that out.
        var attributions = new Query("SELECT no FROM attributions").Where("org = ?", filter.Org).List(connection, s => RowReads.Int32(s, 0))
            .Where(no => filter.Matches(connections.Labels(connection, no))).ToList();
        if (attributions.Count == 0) return [];
        return new Query($"SELECT {RowReads.UsageColumns} FROM usage u")
            .Where("u.seq > ?", Math.Max(after, ChainSearch.Before(connection, filter.From).Usage))
            .Where("u.effective_at >= ? AND u.effective_at < ?", filter.From.UnixMicros, filter.To.UnixMicros)
            .Where($"u.attribution IN ({string.Join(',', attributions)})")
            .Then("ORDER BY u.seq LIMIT ?", ReadConnections.PageRows)
            .List(connection, s => RowReads.Usage(s, no => connections.Labels(connection, no)));
    }
}
