using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Reconciliation;
using Tieout.Storage.Reconciliation;

namespace Tieout.Storage;

/// <summary>One read function per figure: every page, header, export and command asks here.</summary>
/// <remarks>Figures in memory are those of the last durable commit. Ranges are half-open. Everything of an org is read for that org alone.</remarks>
public interface ILedgerReader
{
    /// <summary>The last durable commit; what the in-memory figures are as of.</summary>
    long AsOf { get; }

    /// <summary>How long ago the store last confirmed the figures in memory, while it cannot be asked; null: they are as new as is promised.</summary>
    TimeSpan? StaleFor => null;

    /// <summary>Compares all figures in memory with the store, so that what is read next has every commit that any node has shown before.</summary>
    /// <param name="commit">As an earlier answer's <see cref="AsOf"/>.</param>
    /// <exception cref="StoreUnavailableException">The store cannot be asked, or has not come so far.</exception>
    Task ReachAsync(long commit) => AsOf >= commit
        ? Task.CompletedTask
        : throw new StoreUnavailableException($"The store has {AsOf} commits, and commit {commit} was asked for: it was read from a later state of the store, or from another one.", StoreEffect.None, StoreFault.Busy);

    OrgState? Org(string org);

    IReadOnlyCollection<OrgState> Orgs { get; }

    /// <summary>How the org's customer account stands; null: no such org. Treat as read-only.</summary>
    /// <exception cref="StoreUnavailableException">The newest figures cannot be read now. So for budgets, today's spend and open holds.</exception>
    Account? Balance(string org);

    /// <summary>The org's budgets with the windows that contain <paramref name="at"/>; a per-user budget has one a user seen.</summary>
    IReadOnlyList<BudgetStanding> Budgets(string org, Instant at);

    /// <summary>The budgets of an org, its own daily meter included.</summary>
    IReadOnlyList<BudgetState> BudgetStates(string org);

    /// <summary>What the org was charged in its day that contains <paramref name="at"/>, from the ledger's own daily window.</summary>
    Amount SpentToday(string org, Instant at);

    /// <summary>The newest content of every setting. Changes only when <see cref="SettingsVersion"/> does.</summary>
    IReadOnlyCollection<SettingRow> Settings { get; }

    long SettingsVersion { get; }

    /// <summary>Open holds, of one org or of all.</summary>
    IReadOnlyList<Hold> OpenHolds(string? org);

    /// <summary>Usage records by the time they count in, oldest first.</summary>
    IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, CancellationToken cancellationToken);

    /// <summary>All attempts of an operation: holds and usage, in the order they were made.</summary>
    Task<IReadOnlyList<Attempt>> OperationAsync(string org, string operationId, CancellationToken cancellationToken);

    /// <summary>What happened to the envelopes of an operation, in the order in which it was recorded.</summary>
    Task<IReadOnlyList<LineageEntry>> LineageAsync(string org, string operationId, CancellationToken cancellationToken);

    /// <summary>One attempt; null: unknown, or of another org.</summary>
    Task<Attempt?> AttemptAsync(string org, AttemptId id, CancellationToken cancellationToken);

    /// <summary>Usage under a correlation id, in the order in which it was recorded.</summary>
    Task<IReadOnlyList<UsageRow>> CorrelatedAsync(string org, string correlationId, int limit, CancellationToken cancellationToken);

    /// <summary>All that was written about an attempt of the org, with its commits.</summary>
    Task<AttemptRecords> RecordsAsync(string org, Attempt attempt, CancellationToken cancellationToken);

    /// <summary>The price that a usage record of the org names by its number; null: there is none.</summary>
    Task<ResolvedPrice?> PriceAsync(string org, int number, CancellationToken cancellationToken);

    /// <summary>Postings by number, from just after <paramref name="after"/>.</summary>
    IAsyncEnumerable<Posting> PostingsAsync(string org, Instant from, Instant to, long after, CancellationToken cancellationToken);

    /// <summary>Charge postings and their corrections effective in a range, summed by project, provider, model and source.</summary>
    Task<IReadOnlyList<ChargeSum>> ChargesAsync(string org, Instant from, Instant to, CancellationToken cancellationToken);

    /// <summary>The same range summed twice, from independent tables: the postings, and the usage rows (with corrections).</summary>
    Task<RangeTotals> TotalsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken);

    /// <summary>Charges effective in a range, summed by labels and slots of time, with the parts that tell why another book differs.</summary>
    Task<IReadOnlyList<SlotTally>> TalliesAsync(TallyQuery query, CancellationToken cancellationToken);

    /// <summary>The commit that a posting became durable in, and its link of the hash chain: what a proof names.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such posting yet.</exception>
    Task<CommitLink> CommitOfAsync(string org, long posting, CancellationToken cancellationToken);

    /// <summary>The durable end of each bucket's hash chain, in the order of the buckets.</summary>
    Task<IReadOnlyList<BucketHead>> HeadsAsync(CancellationToken cancellationToken);

    /// <summary>The hash of one commit; null: there is none.</summary>
    Task<byte[]?> HashAsync(int bucket, long commit, CancellationToken cancellationToken);

    /// <summary>The windows of these budgets of an org, from those on that contain <paramref name="at"/>, counted anew from the postings. What is held is not in them.</summary>
    Task<IReadOnlyList<BudgetWindow>> RecountAsync(string org, IReadOnlyList<BudgetState> budgets, Instant at, CancellationToken cancellationToken);

    /// <summary>How attempts ended that count in a range, by labels and status; of one org or of all.</summary>
    Task<IReadOnlyList<StatusCount>> StatusesAsync(string? org, Instant from, Instant to, CancellationToken cancellationToken);

    /// <summary>The hourly cells of an org, for charts and live views.</summary>
    Task<IReadOnlyList<CellLine>> CellsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken);

    /// <summary>Rows of findings, newest first.</summary>
    Task<IReadOnlyList<StoredFinding>> FindingsAsync(FindingQuery query, CancellationToken cancellationToken);

    /// <summary>The newest rows of findings, of one org or of all.</summary>
    async Task<IReadOnlyList<FindingRow>> FindingsAsync(string? org, int limit, CancellationToken cancellationToken) =>
        [.. (await FindingsAsync(new(org, Code: null, Before: null, limit), cancellationToken)).Select(stored => stored.Row)];

    /// <summary>Holds of a state, newest first, of one org or of all.</summary>
    Task<IReadOnlyList<HeldAttempt>> HoldsAsync(string? org, HoldState state, int limit, CancellationToken cancellationToken);

    /// <summary>What a provider keeps for an org under its own id; null: nothing that was recorded, or not for this org.</summary>
    Task<KeptObject?> ObjectAsync(string org, ObjectKind kind, string id, CancellationToken cancellationToken);

    /// <summary>An org's objects of a kind, newest first, ended ones too.</summary>
    /// <param name="before">Only those with a lower number, for pages.</param>
    Task<IReadOnlyList<KeptObject>> ObjectsAsync(string org, ObjectKind kind, long before, int limit, CancellationToken cancellationToken);

    /// <summary>How many of an org's objects of a kind have not ended, counted up to <paramref name="limit"/>.</summary>
    Task<long> CountObjectsAsync(string org, ObjectKind kind, int limit, CancellationToken cancellationToken);

    /// <summary>Objects of all orgs of which something is still to come, oldest first: what a restart has to go on following.</summary>
    /// <param name="after">Only those with a higher number, for pages.</param>
    Task<IReadOnlyList<KeptObject>> PendingObjectsAsync(ObjectKind kind, long after, int limit, CancellationToken cancellationToken);

    /// <summary>Goes through the whole book once, as of one commit, and says what does not agree with what. Changes nothing.</summary>
    Task<BookReport> ReconcileAsync(BookQuery query, CancellationToken cancellationToken);

    /// <summary>Administrative actions, newest first (U1).</summary>
    Task<IReadOnlyList<StoredAudit>> AuditAsync(AuditQuery query, CancellationToken cancellationToken);

    /// <summary>The newest record of a name; null: there is none.</summary>
    Task<RecordRow?> RecordAsync(RecordKey key, CancellationToken cancellationToken);

    /// <summary>The newest record of a name in each org that has it, and of the platform.</summary>
    Task<IReadOnlyList<RecordRow>> RecordsNamedAsync(RecordKind kind, string name, CancellationToken cancellationToken);

    /// <summary>The newest record of each name, in the order of orgs and names.</summary>
    /// <param name="org">Null: of all orgs. Empty: the platform's own.</param>
    /// <param name="after">Only names that come after this one, for pages.</param>
    Task<IReadOnlyList<RecordRow>> RecordsAsync(RecordKind kind, string? org, RecordKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>Outbox messages by number, from just after <paramref name="after"/>.</summary>
    Task<IReadOnlyList<OutboxRow>> OutboxAsync(string? org, long after, int limit, CancellationToken cancellationToken);
}

/// <summary>Which usage records. Null: any.</summary>
/// <param name="After">Resume just after this usage number, for pages.</param>
public sealed record UsageFilter(
    string Org, Instant From, Instant To, string? OperationId = null, string? CorrelationId = null, string? Project = null, string? Team = null,
    string? Key = null, string? EndUser = null, string? Feature = null, string? Model = null, long After = 0, int Limit = int.MaxValue,
    UsageSource? Source = null, string? AppInstance = null);

/// <param name="Left">Limit − posted − held; null: no limit.</param>
public sealed record BudgetStanding(BudgetState State, Window Period, string? Each, Amount Posted, Amount Held, Amount? Left, int LastAlertedPercent);

/// <param name="Hash">SHA-256 over the commit and all before it (L8).</param>
public sealed record CommitLink(long Commit, ReadOnlyMemory<byte> Hash);

/// <summary>What <see cref="ILedgerReader.TalliesAsync"/> sums.</summary>
/// <param name="SlotMicros">Length of a slot, in microseconds; they are counted from <paramref name="From"/>.</param>
/// <param name="WrittenAt">When the other book was last written: what was recorded later is told apart. Null: not known.</param>
/// <param name="StepNanos">One in the last decimal of the other book, in nano-units: how charges rounded or cut one by one would have summed. 1: not at all.</param>
public sealed record TallyQuery(string Org, Instant From, Instant To, long SlotMicros, TallyFigure Figure, Instant? WrittenAt = null, long StepNanos = 1);

/// <param name="Corrections">Part of <paramref name="Charge"/> that reversals and re-entries made.</param>
public sealed record ChargeSum(
    string? Project, string? Provider, string? Model, UsageSource Source, long Attempts, Int128 InputTokens, Int128 OutputTokens,
    Amount Charge, Amount Corrections, long FirstPosting, long LastPosting);

public sealed record RangeTotals(Amount Postings, Amount Usage, long PostingCount, long UsageCount, Instant? LastPostingAt, Instant? LastUsageAt);

/// <param name="Status">The provider's; 0: it gave no answer.</param>
/// <param name="LastAt">When the newest of them occurred.</param>
public sealed record StatusCount(UsageLabels Labels, int Status, long Attempts, Instant LastAt);

public sealed record CellLine(Instant Hour, UsageLabels Labels, CellChange Sums);

public sealed record HeldAttempt(Hold Hold, HoldState State, Instant? EndedAt);
