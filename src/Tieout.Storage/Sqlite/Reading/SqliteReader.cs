using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Current figures from the image of the last commit; rows from the file, on connections that only read.</summary>
/// <remarks>
/// Rows of a time are found by where that time begins in the chain and then read on, the org's own picked out: nothing that
/// counts at a time is recorded before it. That costs the write path no index.
/// </remarks>
internal sealed partial class SqliteReader(string database, LedgerWriter writer) : ILedgerReader, IDisposable
{
    /// <summary>Rows a page when streaming: the log can start again between two pages.</summary>
    private const int PageRows = 2_000;

    private readonly ReadConnections _connections = new(database);
    private readonly Lock _settingsGate = new();
    private (long Version, IReadOnlyCollection<SettingRow> Rows) _settings = (-1, []);

    public long AsOf => writer.Pipeline.Read(image => image.AsOf);

    public IReadOnlyCollection<OrgState> Orgs => writer.Pipeline.Read(image => image.Orgs.ToArray());

    public long SettingsVersion => writer.Pipeline.Read(image => image.SettingsVersion);

    public IReadOnlyCollection<SettingRow> Settings
    {
        get
        {
            lock (_settingsGate)
            {
                if (_settings.Version != SettingsVersion) _settings = writer.Pipeline.Read(image => (image.SettingsVersion, image.Settings.OrderBy(row => row.Seq).ToArray()));
                return _settings.Rows;
            }
        }
    }

    public OrgState? Org(string org) => writer.Pipeline.Read(image => image.Org(org));

    public Account? Balance(string org) => writer.Pipeline.Read(image => image.Org(org) is { } state ? image.Account(state, AccountKind.Customer) : null);

    public IReadOnlyList<BudgetStanding> Budgets(string org, Instant at) => writer.Pipeline.Read(image =>
        image.Budgets.Of(org).SelectMany(budget => image.WindowsOf(budget, at).Select(window => Standing(budget, window, at))).ToArray());

    public IReadOnlyList<BudgetState> BudgetStates(string org) => writer.Pipeline.Read(image => image.Budgets.Of(org));

    public Amount SpentToday(string org, Instant at) => writer.Pipeline.Read(image => image.Org(org) is { } state ? image.SpentToday(state, at) : Amount.Zero);

    public IReadOnlyList<Hold> OpenHolds(string? org) => writer.Pipeline.Read(image =>
        image.OpenHolds.Where(hold => org is null || hold.Scope.Org == org).OrderBy(hold => hold.Seq).ToArray());

    public async IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (after, left) = (filter.After, filter.Limit);
        while (left > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = _connections.Read(cancellationToken, connection => UsagePage(connection, filter, after, Math.Min(left, PageRows)));
            foreach (var row in page) yield return row;
            if (page.Count < Math.Min(left, PageRows)) yield break;
            (after, left) = (page[^1].Seq, left - page.Count);
            await Task.Yield();
        }
    }

    public async IAsyncEnumerable<Posting> PostingsAsync(
        string org, Instant from, Instant to, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Org(org) is not { } state || !HasPostings(state)) yield break;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = _connections.Read(cancellationToken, connection => PostingsIn(connection, $"SELECT {RowReads.PostingColumns} FROM postings p", state, from, to, after)
                .Then("ORDER BY p.seq LIMIT ?", PageRows)
                .List(connection, s => RowReads.Posting(s, _ => org).Posting));
            foreach (var posting in page) yield return posting;
            if (page.Count < PageRows) yield break;
            after = page[^1].Seq;
            await Task.Yield();
        }
    }

    public Task<IReadOnlyList<Attempt>> OperationAsync(string org, string operationId, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
    {
        const string ofOrg = "operation_id = ? AND attribution IN (SELECT no FROM attributions WHERE org = ?)";
        var held = new Query("SELECT id FROM holds").Where(ofOrg, operationId, org).Then("ORDER BY seq").List(connection, s => s.Guid(0));
        var used = new Query("SELECT id FROM usage").Where(ofOrg, operationId, org).Then("ORDER BY seq").List(connection, s => s.Guid(0));
        return held.Union(used).Select(id => Attempt(connection, org, new(id))).OfType<Attempt>().ToArray();
    });

    public Task<Attempt?> AttemptAsync(string org, AttemptId id, CancellationToken cancellationToken) =>
        Task.FromResult(_connections.Read(cancellationToken, connection => Attempt(connection, org, id)));

    public Task<IReadOnlyList<StoredFinding>> FindingsAsync(FindingQuery query, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
    {
        var select = new Query($"SELECT {RowReads.FindingColumns} FROM findings").WhereGiven("org = ?", query.Org).WhereGiven("code = ?", query.Code);
        if (query.Before is { } before) select.Where("seq < ?", before.Seq);
        return select.Then("ORDER BY seq DESC LIMIT ?", query.Limit).List(connection, row => new StoredFinding(Bucket: 0, RowReads.Finding(row)));
    });

    public Task<IReadOnlyList<OutboxRow>> OutboxAsync(string? org, long after, int limit, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
        new Query($"SELECT {RowReads.OutboxColumns} FROM outbox").Where("seq > ?", after).WhereGiven("org = ?", org).Then("ORDER BY seq LIMIT ?", limit).List(connection, RowReads.Outbox));

    public Task<IReadOnlyList<HeldAttempt>> HoldsAsync(string? org, HoldState state, int limit, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
    {
        var query = new Query($"SELECT {RowReads.HoldColumns}, e.ended_at FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq");
        query = state == HoldState.Open ? query.Where("e.hold IS NULL") : query.Where("e.state = ?", (long)state);
        return query.WhereGiven("h.attribution IN (SELECT no FROM attributions WHERE org = ?)", org)
            .Then("ORDER BY h.seq DESC LIMIT ?", limit)
            .List(connection, s => new HeldAttempt(RowReads.Hold(s, no => _connections.Labels(connection, no)).Hold, state, s.IsNull(9) ? null : RowReads.Time(s, 9)));
    });

    public Task<KeptObject?> ObjectAsync(string org, ObjectKind kind, string id, CancellationToken cancellationToken) => Task.FromResult(_connections.Read(cancellationToken, connection =>
        Objects().Where("o.org = ? AND o.kind = ? AND o.id = ?", org, (long)kind, id).List(connection, RowReads.Kept).SingleOrDefault()));

    public Task<IReadOnlyList<KeptObject>> ObjectsAsync(string org, ObjectKind kind, long before, int limit, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
        Objects().Where("o.org = ? AND o.kind = ? AND o.seq < ?", org, (long)kind, before).Then("ORDER BY o.seq DESC LIMIT ?", limit).List(connection, RowReads.Kept));

    public Task<long> CountObjectsAsync(string org, ObjectKind kind, int limit, CancellationToken cancellationToken) => Task.FromResult(_connections.Read(cancellationToken, connection =>
        new Query("SELECT count(*) FROM (SELECT 1 FROM objects o LEFT JOIN object_ends e ON e.object = o.seq").Where("o.org = ? AND o.kind = ? AND e.object IS NULL", org, (long)kind)
            .Then("LIMIT ?)", limit).List(connection, s => s.Int64(0))[0]));

    public Task<IReadOnlyList<KeptObject>> PendingObjectsAsync(ObjectKind kind, long after, int limit, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
        Objects().Where("o.pending = 1 AND o.kind = ? AND o.seq > ? AND e.object IS NULL", (long)kind, after).Then("ORDER BY o.seq LIMIT ?", limit).List(connection, RowReads.Kept));

    public Task<IReadOnlyList<LineageEntry>> LineageAsync(string org, string operationId, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
        new Query($"SELECT {RowReads.LineageColumns} FROM lineage").Where("operation_id = ? AND org = ?", operationId, org).Then("ORDER BY seq").List(connection, RowReads.Lineage));

    public async Task<ResolvedPrice?> PriceAsync(string org, int number, CancellationToken cancellationToken) => Org(org) is null ? null : (await Rows(cancellationToken, connection =>
        new Query("SELECT no, body, crc FROM prices").Where("no = ?", number).List(connection, RowReads.Price))).Select(row => ResolvedPrice.Parse(row.Json)).SingleOrDefault();

    public void Dispose()
    {
        _connections.Dispose();
        _reconciling.Dispose();
    }

    private static Query Objects() => new($"SELECT {RowReads.ObjectColumns}, {RowReads.ObjectEndColumns} FROM objects o LEFT JOIN object_ends e ON e.object = o.seq");

    private static BudgetStanding Standing(BudgetState budget, BudgetWindow window, Instant at) => new(
        budget, budget.WindowAt(at), window.Key.Each, window.Posted, window.Held,
        budget.Budget.Limit is { } limit ? limit - window.Committed : null, window.LastAlertedPercent);

    private const string OfFilter =
        "org = ? AND project IS coalesce(?, project) AND team IS coalesce(?, team) AND key IS coalesce(?, key) AND feature IS coalesce(?, feature) "
        + "AND model IS coalesce(?, model) AND source = coalesce(?, source) AND app_instance IS coalesce(?, app_instance)";

    private static object?[] Values(UsageFilter filter) =>
        [filter.Org, filter.Project, filter.Team, filter.Key, filter.Feature, filter.Model, (long?)filter.Source, filter.AppInstance];

    /// <summary>Whether any usage can match. Rows of all orgs lie together: without this, an org that has none would read everybody's to find that out.</summary>
    private static bool HasLabels(RawConnection connection, UsageFilter filter) =>
        new Query("SELECT 1 FROM attributions").Where(OfFilter, Values(filter)).Then("LIMIT 1").List(connection, s => s.Int64(0)).Count > 0;

    private bool HasPostings(OrgState org) => writer.Pipeline.Read(image => image.Account(org, AccountKind.Customer).Version > 0);

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
            .List(connection, s => RowReads.Usage(s, no => _connections.Labels(connection, no)));
    }

    private Attempt? Attempt(RawConnection connection, string org, AttemptId id)
    {
        var usage = new Query($"SELECT {RowReads.UsageColumns} FROM usage u").Where("u.id = ?", id.Value)
            .List(connection, s => RowReads.Usage(s, no => _connections.Labels(connection, no))).SingleOrDefault();
        var held = new Query($"SELECT {RowReads.HoldColumns}, coalesce(e.state, 0) FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq").Where("h.id = ?", id.Value)
            .List(connection, s => (RowReads.Hold(s, no => _connections.Labels(connection, no)).Hold, State: (HoldState)s.Int64(9))).SingleOrDefault();
        if ((usage?.Usage.Labels.Org ?? held.Hold?.Scope.Org) != org) return null;
        return new(held.Hold, held.Hold is null ? HoldState.Settled : held.State, usage);
    }

    private static Query PostingsIn(RawConnection connection, string select, OrgState org, Instant from, Instant to, long after = 0) => new Query(select)
        .Where("p.seq > ?", Math.Max(after, ChainSearch.Before(connection, from).Posting))
        .Where("p.effective_at >= ? AND p.effective_at < ?", from.UnixMicros, to.UnixMicros)
        .Where("p.debit BETWEEN ? AND ?", org.FirstAccount, org.FirstAccount + OrgState.AccountKinds - 1);

    [SuppressMessage("Design", "CA1068", Justification = "The read is long, so it comes last.")]
    private Task<IReadOnlyList<T>> Rows<T>(CancellationToken cancellationToken, Func<RawConnection, IReadOnlyList<T>> read) => Task.FromResult(_connections.Read(cancellationToken, read));
}
