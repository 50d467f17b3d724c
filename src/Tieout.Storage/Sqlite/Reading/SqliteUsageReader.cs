using System.Runtime.CompilerServices;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Storage.Follower;
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
        for (var (after, left, isLast) = (filter.After, filter.Limit, false); left > 0 && !isLast;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var rows = Math.Min(left, ReadConnections.PageRows);
            var page = filter.Id is { } id
                ? derived.Read(connections, (followed, connection) => IdPage(followed, connection, org, id, filter, after, rows), cancellationToken)
                : connections.Read(cancellationToken, connection => Page(connection, filter, after, rows));
            foreach (var row in page.Rows) yield return row;
            (after, left, isLast) = (page.After, left - page.Rows.Count, page.IsLast);
            await Task.Yield();
        }
    }

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

    private UsagePage Page(RawConnection connection, UsageFilter filter, long after, int rows) => HasLabels(connection, filter)
        ? UsagePage.Of(Rows(connection, filter, $"u.seq > {First(connection, filter, after)}", rows), rows) : UsagePage.None;

    private UsagePage IdPage(
        Followed followed, RawConnection connection, OrgState org, (UsageIdKind Kind, string Id) id, UsageFilter filter, long after, int rows)
    {
        if (!HasLabels(connection, filter)) return UsagePage.None;
        var candidates = new RowIndexReading(followed).Candidates(org.FirstAccount, id.Kind, id.Id, First(connection, filter, after), rows);
        var among = candidates.Rows is { } some ? $"u.seq IN ({string.Join(", ", some)})" : $"u.seq > {candidates.Last}";
        return candidates.Page(Rows(connection, filter, among, rows), rows);
    }

    private static long First(RawConnection connection, UsageFilter filter, long after) =>
        filter.From <= Instant.UnixEpoch ? after : Math.Max(after, ChainSearch.Before(connection, filter.From).Usage);

    private List<UsageRow> Rows(RawConnection connection, UsageFilter filter, string among, int rows) =>
        new Query($"SELECT {RowReads.UsageColumns} FROM usage u")
            .Where(among)
            .Where("u.effective_at >= ? AND u.effective_at < ?", filter.From.UnixMicros, filter.To.UnixMicros)
            .Where($"u.attribution IN (SELECT no FROM attributions WHERE {OfFilter})", Values(filter))
            .WhereGiven("u.operation_id = ?", filter.OperationId)
            .WhereGiven("u.correlation_id = ?", filter.CorrelationId)
            .WhereGiven("u.trace_id = ?", filter.TraceId)
            .WhereGiven("u.workflow_id = ?", filter.WorkflowId)
            .WhereGiven("u.end_user = ?", filter.EndUser)
            .Then("ORDER BY u.seq LIMIT ?", rows)
            .List(connection, s => RowReads.Usage(s, no => connections.Labels(connection, no)));
}
