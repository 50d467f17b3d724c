using System.Runtime.ExceptionServices;
using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Detaching;
using Tieout.Storage.Postgres.Deliveries;
using Tieout.Storage.Postgres.Follower;
using Tieout.Storage.Postgres.Reading;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Postgres;

/// <summary>The ledger on PostgreSQL: any number of nodes on one database are one ledger.</summary>
/// <remarks>Each org lies in one bucket, and each bucket is a book of its own (ADR 0009). Nothing is kept here that the database does not have.</remarks>
public sealed class PostgresLedger : ILedger
{
    private readonly PostgresConnections _connections;
    private readonly HeadWatch _watch;
    private readonly TimeProvider _clock;
    private readonly PostgresFindingsReader _findings;
    private readonly PostgresFollower _follower;

    /// <param name="leads">False: this node does nothing of what one node does for all.</param>
    private PostgresLedger(PostgresConnections connections, Buckets layout, TimeProvider clock, int batchMax, bool leads = true)
    {
        (_connections, _clock) = (connections, clock);
        Layout = layout;
        Buckets = [.. Enumerable.Range(0, layout.All).Select(number => new Bucket(number, connections, clock, batchMax))];
        _watch = new(connections, Buckets, leads);
        var (position, orgs, labels) = (new PostgresPosition(connections, layout, Buckets, _watch), new PostgresOrgs(layout, Buckets), new PostgresLabels());
        _findings = new(connections, layout, Buckets, position, orgs);
        var usage = new PostgresUsageReader(connections, layout, labels, orgs);
        Read = new LedgerReader
        {
            Position = position,
            AllOrgs = orgs,
            Usage = usage,
            Prices = new PostgresPricesReader(connections, layout, orgs),
            BudgetsReader = new PostgresBudgetsReader(connections, layout, position, orgs),
            Balances = new PostgresBalances(connections, layout, Buckets, position, labels),
            Postings = new PostgresPostingsReader(connections, layout, orgs),
            Chain = new PostgresChainReader(connections, layout),
            Records = new PostgresRecordsReader(connections, layout),
            Attempts = new PostgresAttemptsReader(connections, layout, labels, usage),
            Objects = new PostgresObjectsReader(connections, layout),
            Findings = _findings,
            Recounts = new PostgresRecountReader(connections, layout, labels),
            RowIndex = new PostgresRowIndexReader(connections, layout),
            Sketches = new PostgresSketchReader(connections, layout, labels),
            ToolCalls = new PostgresToolCallsReader(connections, layout),
            Lineages = new PostgresLineageReader(connections, layout),
        };
        Follower = _follower = new(connections, layout.All);
        Deliveries = new PostgresDeliveries(connections, _watch);
        RefusedRequests = new PostgresRefusedRequests(connections, layout);
        KeyUses = new PostgresKeyUses(connections, layout);
    }

    public ILedgerReader Read { get; }

    public IDeliveries Deliveries { get; }

    public IRefusedRequests RefusedRequests { get; }

    public IKeyUses KeyUses { get; }

    public IFollower Follower { get; }

    public LedgerHealth Health
    {
        get
        {
            var states = Array.ConvertAll(Buckets, bucket => bucket.Health);
            var readOnly = Layout.Damage ?? Array.Find(states, state => state.ReadOnly is not null).ReadOnly;
            var reason = readOnly ?? Array.Find(states, state => state.Stall is not null).Stall ?? _connections.Failure;
            var last = Buckets.Select(bucket => bucket.LastRecordedAt).Max();
            return new(reason is null, reason, states.Sum(state => state.QueueDepth), _connections.LastCommitMs, _watch.AsOf, last)
            {
                IsReadOnly = readOnly is not null,
                Stalled = states.Max(state => state.Stalled),
                Quarantined = states.Sum(state => state.Quarantined),
            };
        }
    }

    public void Limit(LedgerLimits limits)
    {
        foreach (var bucket in Buckets) bucket.Limits = limits;
    }

    internal Buckets Layout { get; }

    internal PostgresConnections Connections => _connections;

    /// <inheritdoc cref="PostgresConnections.Contradictions"/>
    internal long Contradictions => _connections.Contradictions;

    internal Bucket[] Buckets { get; }

    /// <summary>Opens the ledger in a database, bringing its tables up to date. Any number of nodes may do so at once.</summary>
    /// <param name="store"><c>postgres://user@host:port/database</c>.</param>
    /// <exception cref="ArgumentException">It is not such an address.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be reached or written, or a newer program has written there.</exception>
    public static Task<PostgresLedger> OpenAsync(string store, TimeProvider? clock = null) =>
        OpenAsync(store, Postgres.Buckets.Default, LedgerWriter.BatchMax, clock);

    /// <summary>As <see cref="OpenAsync(string, TimeProvider?)"/>, for measuring and tests.</summary>
    /// <param name="buckets">How many a new database gets; an old one has what it has.</param>
    internal static Task<PostgresLedger> OpenAsync(string store, int buckets, int batchMax, TimeProvider? clock = null) => OpenAsync(
        store, connection => PostgresSchema.MigrateAsync(connection, buckets, CancellationToken.None), batchMax, clock, leads: true);

    /// <summary>Opens the ledger beside the servers that use it, for one piece of work. The tables stay as the servers have them.</summary>
    /// <exception cref="StoreUnavailableException">It cannot be reached, or its tables are not those of this program.</exception>
    internal static Task<PostgresLedger> OpenBesideAsync(string store, TimeProvider? clock = null) => OpenAsync(
        store, connection => PostgresSchema.CurrentAsync(connection, CancellationToken.None), LedgerWriter.BatchMax, clock, leads: false);

    private static async Task<PostgresLedger> OpenAsync(
        string store, Func<NpgsqlConnection, Task<Buckets>> prepare, int batchMax, TimeProvider? clock, bool leads)
    {
        var connections = new PostgresConnections(store);
        try
        {
            var layout = await connections.AloneAsync(prepare);
            var ledger = new PostgresLedger(connections, layout, clock ?? TimeProvider.System, batchMax, leads);
            await ledger._watch.StartAsync();
            return ledger;
        }
        catch
        {
            connections.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>By a lock of this node's session at the database: when the node or its connection dies, another has it within a second.</remarks>
    public bool IsLeader => _watch.IsLeader;

    public async ValueTask<Outcome> SubmitAsync(Command command, CancellationToken cancellationToken = default) =>
        StorableText.IsIn(command) ? (await (await BucketOfAsync(command, placed: null)).SubmitAsync([command], cancellationToken))[0] : StorableText.Refusal;

    public async ValueTask<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken = default)
    {
        if (commands.Count == 0) return [];
        if (!commands.All(StorableText.IsIn)) return await SubmitStorableAsync(commands, cancellationToken);
        var places = new Bucket[commands.Count];
        var isOne = true;
        Dictionary<AttemptId, Bucket>? placed = null;
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = await BucketOfAsync(commands[i], placed);
            isOne &= places[i] == places[0];
            if (Buckets.Length > 1 && commands[i] is Command.PlaceHold hold) (placed ??= []).TryAdd(hold.Id, places[i]);
        }

        return isOne ? await places[0].SubmitAsync(commands, cancellationToken) : await SubmitAsync(commands, places, cancellationToken);
    }

    public async Task RepairAsync(IReadOnlyList<FigureDrift> drifts)
    {
        foreach (var part in drifts.GroupBy(drift => drift.At.Bucket))
        {
            var commit = await FigureRepair.RunAsync(_connections, part.Key, [.. part], _clock);
            await Buckets[part.Key].CatchUpAsync(commit);
        }
    }

    public Task<DetachReport> DetachAsync(DetachOrder order, IProgress<RowProgress>? progress, CancellationToken cancellationToken) =>
        LedgerDetachment.RunAsync(this, order, _clock, new RemovalPace(IsShared: true), progress, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Buckets.Select(bucket => bucket.CloseAsync()));
        await _watch.DisposeAsync();
        foreach (var bucket in Buckets) bucket.Dispose();
        _findings.Dispose();
        _follower.Dispose();
        _connections.Dispose();
    }

    private async Task<IReadOnlyList<Outcome>> SubmitStorableAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken)
    {
        var outcomes = new Queue<Outcome>(await SubmitAsync([.. commands.Where(StorableText.IsIn)], cancellationToken));
        return [.. commands.Select(command => StorableText.IsIn(command) ? outcomes.Dequeue() : StorableText.Refusal)];
    }

    /// <summary>Commands of several buckets: each bucket decides its own, in their order; the outcomes are put together again.</summary>
    private static async Task<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, Bucket[] places, CancellationToken cancellationToken)
    {
        var outcomes = new Outcome[commands.Count];
        var parts = Enumerable.Range(0, commands.Count).GroupBy(index => places[index]).Select(async part =>
        {
            var indexes = part.ToArray();
            var answers = await part.Key.SubmitAsync([.. indexes.Select(index => commands[index])], cancellationToken);
            for (var i = 0; i < indexes.Length; i++) outcomes[indexes[i]] = answers[i];
        }).ToList();
        try
        {
            await Task.WhenAll(parts);
            return outcomes;
        }
        catch (Exception first)
        {
            if (first is StoreUnavailableException unavailable && parts.Exists(part => part.IsCompletedSuccessfully || Effect(part) == StoreEffect.Unknown))
            {
                throw new StoreUnavailableException(
                    "Some of the commands may have been carried out before the store failed.", StoreEffect.Unknown, unavailable.Fault, first);
            }

            ExceptionDispatchInfo.Throw(first);
            throw;
        }
    }

    private static StoreEffect? Effect(Task part) => (part.Exception?.InnerException as StoreUnavailableException)?.Effect;

    /// <param name="placed">Where the holds lie that earlier commands of the same list place.</param>
    private async ValueTask<Bucket> BucketOfAsync(Command command, Dictionary<AttemptId, Bucket>? placed)
    {
        if (Layout.Damage is { } damage) throw new StoreUnavailableException(damage, StoreEffect.None, StoreFault.ReadOnly);
        if (command.OrgId is { } org) return Buckets[Layout.Of(org)];
        if (Buckets.Length == 1) return Buckets[0];
        var attempt = command.AttemptId ?? throw new ArgumentException($"{command} names neither an org nor an attempt.", nameof(command));
        if (placed is not null && placed.TryGetValue(attempt, out var own)) return own;
        var known = Array.Find(Buckets, bucket => bucket.Read(book => book.Attempt(attempt)) is { Hold: not null });
        return known ?? Buckets[await _connections.AskAsync(connection => HeldInAsync(connection, attempt)) ?? Layout.Platform];
    }

    /// <summary>The bucket that holds an attempt which this node does not know: another node placed it, or it has ended.</summary>
    private async Task<int?> HeldInAsync(NpgsqlConnection connection, AttemptId attempt)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT bucket FROM holds WHERE bucket = ANY($1) AND id = $2 LIMIT 1", Enumerable.Range(0, Buckets.Length).ToArray(), attempt.Value);

        // The bucket of an attempt whose rows an archive has says so.
        var isDetached = Array.Exists(Buckets, bucket => bucket.Read(book => book.Detached is not null));
        if (isDetached) batch.Add("SELECT bucket FROM detached_ids WHERE bucket = ANY($1) AND id = $2 LIMIT 1", Enumerable.Range(0, Buckets.Length).ToArray(), attempt.Value);
        await using var reader = await batch.ExecuteReaderAsync();
        var held = (await reader.ListAsync(row => (int?)row.Int64(0))).SingleOrDefault();
        return held ?? (isDetached ? (await reader.ListAsync(row => (int?)row.Int64(0))).SingleOrDefault() : null);
    }
}
