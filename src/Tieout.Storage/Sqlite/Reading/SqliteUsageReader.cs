using System.Runtime.CompilerServices;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Storage.Detaching;
using Tieout.Storage.Follower;
using Tieout.Storage.Lists;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Follower;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Usage rows and cells from the file.</summary>
/// <remarks>
/// The reader finds in the chain where a time begins, reads all rows from there on, and keeps those of the org: no row that counts at a time is recorded
/// before that time. Rows with an id are found in the follower's index. So writing needs no index on times or ids.
/// </remarks>
internal sealed class SqliteUsageReader(ReadConnections connections, LedgerWriter writer, DerivedStore derived, IOrgs orgs) : IUsageReader
{
    public async IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (orgs.Org(filter.Org) is not { } org) yield break;
        for (var (page, rows) = (UsagePage.First, UsagePage.RowsAtFirst); !page.IsLast; rows = Math.Min(2 * rows, ReadConnections.PageRows))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (after, most) = (page.After, rows);
            page = filter.Id is { } id
                ? derived.Read(connections, (followed, connection) => PageOfId(followed, connection, org, filter, id, after, most), cancellationToken)
                : connections.Read(cancellationToken, connection => Page(connection, filter, new(Rows: null, First(connection, filter, after)), most));
            foreach (var row in page.Rows)
            {
                if (filter.Matches(row)) yield return row;
            }

            await Task.Yield();
        }
    }

    public Task<IReadOnlyList<UsageEntry>> PageAsync(UsagePageQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(derived.Read(
            connections, (followed, connection) => new UsagePageReading(followed, query, no => connections.Labels(connection, no)).Page(), cancellationToken));

    public Task<T> RangeAsync<T>(UsageRangeQuery query, Func<UsageRange, T> read, CancellationToken cancellationToken) =>
        Task.FromResult(derived.Read(connections, (followed, connection) => read(
            new UsageRangeReading(followed, query, no => connections.Labels(connection, no)).Range(cancellationToken)), cancellationToken));

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

    private UsagePage PageOfId(
        Followed followed, RawConnection connection, OrgState org, UsageFilter filter, (UsageIdKind Kind, string Value) id, long after, int rows) =>
        Page(connection, filter, new RowIndexReading(followed).Candidates(org.FirstAccount, id, First(connection, filter, after), rows), rows);

    private static long First(RawConnection connection, UsageFilter filter, long after) =>
        filter.From <= Instant.UnixEpoch ? after : Math.Max(after, ChainSearch.Before(connection, filter.From).Usage);

    private UsagePage Page(RawConnection connection, UsageFilter filter, IdCandidates among, int rows)
    {
        // Rows of all orgs lie together: without this, an org that has none would read everybody's to find that out.
        var attributions = new Query("SELECT no FROM attributions").Where("org = ?", filter.Org).List(connection, s => RowReads.Int32(s, 0))
            .Where(no => filter.Matches(connections.Labels(connection, no))).ToList();
        if (attributions.Count == 0) return UsagePage.None;
        if (among.Rows is { } numbers) DetachedGuard.Usage(connection, numbers, filter.From);
        else if (filter.Id is null) DetachedGuard.Range(connection, filter.Org, filter.From);
        var query = new Query($"SELECT {RowReads.UsageColumns} FROM usage u")
            .Where(among.Rows is { } some ? $"u.seq IN ({string.Join(", ", some)})" : $"u.seq > {among.Last}")
            .Where("u.effective_at >= ? AND u.effective_at < ?", filter.From.UnixMicros, filter.To.UnixMicros)
            .Where($"u.attribution IN ({string.Join(',', attributions)})");
        if (filter.Id is { } id) query.Where($"u.{IndexReads.Column(id.Kind)} = ?", id.Value);
        query.Then("ORDER BY u.seq LIMIT ?", rows);
        return among.Page(query.List(connection, s => RowReads.Usage(s, no => connections.Labels(connection, no))), rows);
    }
}
