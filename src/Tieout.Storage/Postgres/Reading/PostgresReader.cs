using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Npgsql;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Current figures from this node's books, compared with the database first; rows from the tables.</summary>
internal sealed partial class PostgresReader(PostgresConnections connections, Buckets layout, Bucket[] buckets, HeadWatch watch) : ILedgerReader, IDisposable
{
    /// <summary>Rows a page when streaming.</summary>
    private const int PageRows = 2_000;

    private readonly ConcurrentDictionary<(int Bucket, int No), UsageLabels> _labels = new();
    private readonly Lock _settingsGate = new();
    private (long Version, IReadOnlyCollection<SettingRow> Rows) _settings = (-1, []);

    public long AsOf => watch.AsOf;

    public IReadOnlyCollection<OrgState> Orgs => [.. buckets.SelectMany(bucket => bucket.Read(book => book.Orgs.Values.ToArray()))];

    public long SettingsVersion => buckets.Sum(bucket => bucket.Read(book => book.Last.Setting));

    public IReadOnlyCollection<SettingRow> Settings
    {
        get
        {
            lock (_settingsGate)
            {
                // The version first: rows newer than it are read again, never missed.
                var version = SettingsVersion;
                if (_settings.Version != version) _settings = (version, [.. buckets.SelectMany(bucket => bucket.Read(book => book.Settings.ToArray())).OrderBy(row => row.RecordedAt).ThenBy(row => row.Seq)]);
                return _settings.Rows;
            }
        }
    }

    public OrgState? Org(string org) => BucketOf(org).Read(book => book.Org(org));

    public Account? Balance(string org) => Fresh(org).Read(book => book.Org(org) is { } state ? book.Account(state.AccountNo(AccountKind.Customer)) : null);

    public IReadOnlyList<BudgetStanding> Budgets(string org, Instant at) => Fresh(org).Read(book =>
        book.Budgets.Of(org).SelectMany(budget => Standings.WindowsOf(book, budget, at).Select(window => Standings.Of(budget, window, at))).ToArray());

    public IReadOnlyList<BudgetState> BudgetStates(string org) => Fresh(org).Read(book => book.Budgets.Of(org));

    public Amount SpentToday(string org, Instant at) => Fresh(org).Read(book =>
        book.Org(org) is { } state ? Standings.Window(book, book.Budgets.Find(state.MeterBudget)!, endUser: null, at).Posted : Amount.Zero);

    public IReadOnlyList<Hold> OpenHolds(string? org)
    {
        if (org is null) CompareAll();
        var where = org is null ? buckets : [Fresh(org)];
        return [.. where.SelectMany(bucket => bucket.Read(book => book.Attempts.Values
            .Where(attempt => attempt is { State: HoldState.Open, Hold: { } hold } && (org is null || hold.Scope.Org == org))
            .Select(attempt => attempt.Hold!).OrderBy(hold => hold.Seq).ToArray()))];
    }

    public async IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (after, left) = (filter.After, filter.Limit);
        while (left > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = await connections.RunAsync(connection => UsagePageAsync(connection, filter, after, Math.Min(left, PageRows)));
            foreach (var row in page) yield return row;
            if (page.Count < Math.Min(left, PageRows)) yield break;
            (after, left) = (page[^1].Seq, left - page.Count);
        }
    }

    public async IAsyncEnumerable<Posting> PostingsAsync(
        string org, Instant from, Instant to, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Org(org) is not { } state) yield break;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var first = after;
            var page = await connections.RunAsync(connection => PostingsIn(new($"SELECT {RowReads.PostingColumns} FROM postings p"), state, from, to, first)
                .Then("ORDER BY p.seq LIMIT ?", PageRows)
                .ListAsync(connection, row => RowReads.Posting(row, _ => org).Posting));
            foreach (var posting in page) yield return posting;
            if (page.Count < PageRows) yield break;
            after = page[^1].Seq;
        }
    }

    public async Task<IReadOnlyList<Attempt>> OperationAsync(string org, string operationId, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        return await connections.RunAsync(async connection =>
        {
            await LoadLabelsAsync(connection, bucket);
            var used = await new PgQuery($"SELECT {RowReads.UsageColumns} FROM usage u").Where("u.bucket = ? AND u.operation_id = ?", bucket, operationId)
                .Then("ORDER BY u.seq").ListAsync(connection, row => RowReads.Usage(row, Labels(bucket)));
            var held = await Holds(bucket).Where("h.operation_id = ?", operationId).Then("ORDER BY h.seq").ListAsync(connection, row => Held(row, bucket));
            return Together(held, used).Where(attempt => OrgOf(attempt) == org).ToArray();
        });
    }

    public async Task<Attempt?> AttemptAsync(string org, AttemptId id, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        return await connections.RunAsync(async connection =>
        {
            await LoadLabelsAsync(connection, bucket);
            var used = await new PgQuery($"SELECT {RowReads.UsageColumns} FROM {UsageMonths.ById()}", bucket).Where("i.bucket = ? AND i.id = ?", bucket, id.Value)
                .ListAsync(connection, row => RowReads.Usage(row, Labels(bucket)));
            var held = await Holds(bucket).Where("h.id = ?", id.Value).ListAsync(connection, row => Held(row, bucket));
            return Together(held, used).SingleOrDefault(attempt => OrgOf(attempt) == org);
        });
    }

    /// <inheritdoc/>
    /// <remarks>Numbers are an org's bucket's own; of all orgs, messages come bucket by bucket.</remarks>
    public async Task<IReadOnlyList<OutboxRow>> OutboxAsync(string? org, long after, int limit, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => Of($"SELECT {RowReads.OutboxColumns} FROM outbox", org)
            .Where("seq > ?", after).Then("ORDER BY seq, bucket LIMIT ?", limit).ListAsync(connection, RowReads.Outbox));

    public async Task<IReadOnlyList<HeldAttempt>> HoldsAsync(string? org, HoldState state, int limit, CancellationToken cancellationToken) => await connections.RunAsync(async connection =>
    {
        const string columns = $"SELECT {RowReads.HoldColumns}, e.ended_at, h.bucket FROM holds h LEFT JOIN hold_ends e ON";
        var query = org is null
            ? new PgQuery($"{columns} e.bucket = h.bucket AND e.hold = h.seq")
            : new PgQuery($"{columns} e.bucket = ? AND e.hold = h.seq", layout.Of(org))
                .Where("h.bucket = ? AND h.attribution IN (SELECT no FROM attributions a WHERE a.bucket = ? AND a.org = ?)", layout.Of(org), layout.Of(org), org);
        query = state == HoldState.Open ? query.Where("e.hold IS NULL") : query.Where("e.state = ?", (int)state);
        foreach (var bucket in org is null ? Enumerable.Range(0, buckets.Length) : [layout.Of(org)]) await LoadLabelsAsync(connection, bucket);
        return await query.Then("ORDER BY h.held_at DESC, h.bucket DESC, h.seq DESC LIMIT ?", limit).ListAsync(
            connection, row => new HeldAttempt(RowReads.Hold(row, Labels((int)row.Int64(10))).Hold, state, row.IsNull(9) ? null : RowReads.Time(row, 9)));
    });

    public async Task<IReadOnlyList<LineageEntry>> LineageAsync(string org, string operationId, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => new PgQuery($"SELECT {RowReads.LineageColumns} FROM lineage")
            .Where("bucket = ? AND operation_id = ? AND org = ?", layout.Of(org), operationId, org).Then("ORDER BY seq").ListAsync(connection, RowReads.Lineage));

    public async Task<ResolvedPrice?> PriceAsync(string org, int number, CancellationToken cancellationToken) => Org(org) is null ? null : (await connections.RunAsync(connection =>
        new PgQuery("SELECT no, body, crc FROM prices").Where("bucket = ? AND no = ?", layout.Of(org), number).ListAsync(connection, RowReads.Price))).Select(row => ResolvedPrice.Parse(row.Json)).SingleOrDefault();

    public async Task<KeptObject?> ObjectAsync(string org, ObjectKind kind, string id, CancellationToken cancellationToken) =>
        (await connections.RunAsync(connection => Objects(layout.Of(org)).Where("o.org = ? AND o.kind = ? AND o.id = ?", org, (int)kind, id)
            .ListAsync(connection, RowReads.Kept))).SingleOrDefault();

    public async Task<IReadOnlyList<KeptObject>> ObjectsAsync(string org, ObjectKind kind, long before, int limit, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => Objects(layout.Of(org)).Where("o.org = ? AND o.kind = ? AND o.seq < ?", org, (int)kind, before)
            .Then("ORDER BY o.seq DESC LIMIT ?", limit).ListAsync(connection, RowReads.Kept));

    public async Task<long> CountObjectsAsync(string org, ObjectKind kind, int limit, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        var count = new PgQuery("SELECT count(*) FROM (SELECT 1 FROM objects o LEFT JOIN object_ends e ON e.bucket = ? AND e.object = o.seq", bucket)
            .Where("o.bucket = ? AND o.org = ? AND o.kind = ? AND e.object IS NULL", bucket, org, (int)kind).Then("LIMIT ?) n", limit);
        return await connections.RunAsync(async connection => (await count.ListAsync(connection, row => row.Int64(0)))[0]);
    }

    /// <inheritdoc/>
    /// <remarks>Numbers are a bucket's own: a page has all objects of its last number, so that the next can begin after it.</remarks>
    public async Task<IReadOnlyList<KeptObject>> PendingObjectsAsync(ObjectKind kind, long after, int limit, CancellationToken cancellationToken) =>
        await connections.RunAsync(connection => new PgQuery($"{ObjectSelect} e.bucket = o.bucket AND e.object = o.seq").Where("o.pending = 1 AND o.kind = ? AND o.seq > ? AND e.object IS NULL", (int)kind, after)
            .Then("ORDER BY o.seq FETCH FIRST (?) ROWS WITH TIES", limit).ListAsync(connection, RowReads.Kept));

    private const string ObjectSelect = $"SELECT {RowReads.ObjectColumns}, {RowReads.ObjectEndColumns} FROM objects o LEFT JOIN object_ends e ON";

    private static PgQuery Objects(int bucket) => new PgQuery($"{ObjectSelect} e.bucket = ? AND e.object = o.seq", bucket).Where("o.bucket = ?", bucket);

    public void Dispose() => _reconciling.Dispose();

    private Bucket BucketOf(string org) => buckets[layout.Of(org)];

    private Func<int, UsageLabels> Labels(int bucket) => no =>
        _labels.TryGetValue((bucket, no), out var known) ? known : throw new StoreCorruptException($"A row of bucket {bucket} names attribution {no}, which does not exist.");

    /// <summary>Every label of a bucket that this reader has not met yet. Before rows are read: one connection has one reader at a time.</summary>
    private async Task LoadLabelsAsync(NpgsqlConnection connection, int bucket)
    {
        var known = _loaded.GetValueOrDefault(bucket);
        foreach (var row in await new PgQuery($"SELECT {RowReads.LabelsColumns} FROM attributions").Where("bucket = ? AND no > ?", bucket, known).Then("ORDER BY no").ListAsync(connection, RowReads.Labels))
        {
            _labels[(bucket, row.No)] = row.Labels;
            known = row.No;
        }

        _loaded.AddOrUpdate(bucket, known, (_, before) => Math.Max(before, known));
    }

    private readonly ConcurrentDictionary<int, int> _loaded = new();

    private async Task<List<UsageRow>> UsagePageAsync(NpgsqlConnection connection, UsageFilter filter, long after, int rows)
    {
        var bucket = layout.Of(filter.Org);
        var query = new PgQuery($"SELECT {RowReads.UsageColumns} FROM usage u")
            .Where("u.bucket = ? AND u.seq > ?", bucket, after)
            .Where(Since("usage"), bucket, filter.From.UnixMicros).Where("u.recorded_at >= ?", filter.From.UnixMicros)
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
        await LoadLabelsAsync(connection, bucket);
        return await query.Where("u.attribution = ANY(?)", attributions.ToArray()).Then("ORDER BY u.seq LIMIT ?", rows).ListAsync(connection, row => RowReads.Usage(row, Labels(bucket)));
    }

    /// <summary>Where a time begins in a table: nothing that counts at a time is recorded before it.</summary>
    private static string Since(string table) => $"""
        {table[0]}.seq > coalesce((SELECT last_{(table == "usage" ? "usage" : "posting")} FROM chain WHERE bucket = ? AND recorded_at < ? ORDER BY recorded_at DESC, commit_no DESC LIMIT 1), 0)
        """;

    private PgQuery PostingsIn(PgQuery query, OrgState org, Instant from, Instant to, long after = 0)
    {
        var bucket = layout.Of(org.Org.Id);
        return query
            .Where("p.bucket = ? AND p.seq > ?", bucket, after)
            .Where(Since("postings"), bucket, from.UnixMicros)
            .Where("p.effective_at >= ? AND p.effective_at < ?", from.UnixMicros, to.UnixMicros)
            .Where("p.debit BETWEEN ? AND ?", org.FirstAccount, org.FirstAccount + OrgState.AccountKinds - 1);
    }

    private PgQuery Of(string select, string? org) => org is null ? new PgQuery(select) : new PgQuery(select).Where("bucket = ? AND org = ?", layout.Of(org), org);

    private static PgQuery Holds(int bucket) =>
        new PgQuery($"SELECT {RowReads.HoldColumns}, coalesce(e.state, 0) FROM holds h LEFT JOIN hold_ends e ON e.bucket = ? AND e.hold = h.seq", bucket).Where("h.bucket = ?", bucket);

    private (Hold Hold, HoldState State) Held(IRow row, int bucket) => (RowReads.Hold(row, Labels(bucket)).Hold, (HoldState)row.Int64(9));

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
