using Tieout.Core;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tools;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Storage.Reconciliation;

namespace Tieout.Storage;

/// <summary>The small readers of a store as one. Decides nothing: each call goes to the reader that has the figure.</summary>
internal sealed class LedgerReader : ILedgerReader
{
    public required ILedgerPosition Position { private get; init; }

    public required IOrgs AllOrgs { private get; init; }

    public required IUsageReader Usage { private get; init; }

    public required IPricesReader Prices { private get; init; }

    public required IBudgetsReader BudgetsReader { private get; init; }

    public required IBalances Balances { private get; init; }

    public required IPostingsReader Postings { private get; init; }

    public required IChainReader Chain { private get; init; }

    public required IRecordsReader Records { private get; init; }

    public required IAttemptsReader Attempts { private get; init; }

    public required IObjectsReader Objects { private get; init; }

    public required IFindingsReader Findings { private get; init; }

    public required IRecountReader Recounts { private get; init; }

    public required IRowIndexReader RowIndex { private get; init; }

    public required ISketchReader Sketches { private get; init; }

    public required IToolCallsReader ToolCalls { private get; init; }

    public required ILineageReader Lineages { private get; init; }

    public long AsOf => Position.AsOf;

    public TimeSpan? StaleFor => Position.StaleFor;

    public IReadOnlyCollection<OrgState> Orgs => AllOrgs.Orgs;

    public IReadOnlyCollection<SettingRow> Settings => AllOrgs.Settings;

    public long SettingsVersion => AllOrgs.SettingsVersion;

    public Task ReachAsync(long commit) => Position.ReachAsync(commit);

    public OrgState? Org(string org) => AllOrgs.Org(org);

    public IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, CancellationToken cancellationToken) => Usage.UsageAsync(filter, cancellationToken);

    public Task<IReadOnlyList<UsageEntry>> PageAsync(UsagePageQuery query, CancellationToken cancellationToken) => Usage.PageAsync(query, cancellationToken);

    public Task<T> RangeAsync<T>(UsageRangeQuery query, Func<UsageRange, T> read, CancellationToken cancellationToken) =>
        Usage.RangeAsync(query, read, cancellationToken);

    public Task<IReadOnlyList<CellLine>> CellsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken) =>
        Usage.CellsAsync(org, from, to, cancellationToken);

    public Task<ResolvedPrice?> PriceAsync(string org, int number, CancellationToken cancellationToken) => Prices.PriceAsync(org, number, cancellationToken);

    public IReadOnlyList<BudgetStanding> Budgets(string org, Instant at) => BudgetsReader.Budgets(org, at);

    public IReadOnlyList<BudgetState> BudgetStates(string org) => BudgetsReader.BudgetStates(org);

    public Amount SpentToday(string org, Instant at) => BudgetsReader.SpentToday(org, at);

    public Task<IReadOnlyList<BudgetWindow>> RecountAsync(string org, IReadOnlyList<BudgetState> budgets, Instant at, CancellationToken cancellationToken) =>
        BudgetsReader.RecountAsync(org, budgets, at, cancellationToken);

    public Account? Balance(string org) => Balances.Balance(org);

    public IReadOnlyList<Hold> OpenHolds(string? org) => Balances.OpenHolds(org);

    public Task<IReadOnlyList<HeldAttempt>> HoldsAsync(string? org, HoldState state, int limit, CancellationToken cancellationToken) =>
        Balances.HoldsAsync(org, state, limit, cancellationToken);

    public IAsyncEnumerable<Posting> PostingsAsync(string org, Instant from, Instant to, long after, CancellationToken cancellationToken) =>
        Postings.PostingsAsync(org, from, to, after, cancellationToken);

    public Task<RangeTotals> TotalsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken) =>
        Postings.TotalsAsync(org, from, to, cancellationToken);

    public Task<CommitLink> CommitOfAsync(string org, long posting, CancellationToken cancellationToken) =>
        Chain.CommitOfAsync(org, posting, cancellationToken);

    public Task<IReadOnlyList<BucketHead>> HeadsAsync(CancellationToken cancellationToken) => Chain.HeadsAsync(cancellationToken);

    public Task<byte[]?> HashAsync(int bucket, long commit, CancellationToken cancellationToken) => Chain.HashAsync(bucket, commit, cancellationToken);

    public Task<IReadOnlyList<CommitProof>> CommitsAsync(CommitProofQuery query, CancellationToken cancellationToken) =>
        Chain.CommitsAsync(query, cancellationToken);

    public Task<RecordRow?> RecordAsync(RecordKey key, CancellationToken cancellationToken) => Records.RecordAsync(key, cancellationToken);

    public Task<IReadOnlyList<RecordRow>> RecordsNamedAsync(RecordKind kind, string name, CancellationToken cancellationToken) =>
        Records.RecordsNamedAsync(kind, name, cancellationToken);

    public Task<IReadOnlyList<RecordRow>> RecordsAsync(RecordKind kind, string? org, RecordKey? after, int limit, CancellationToken cancellationToken) =>
        Records.RecordsAsync(kind, org, after, limit, cancellationToken);

    public Task<IReadOnlyList<StoredAudit>> AuditAsync(AuditQuery query, CancellationToken cancellationToken) => Records.AuditAsync(query, cancellationToken);

    public Task<IReadOnlyList<OutboxRow>> OutboxAsync(string? org, long after, int limit, CancellationToken cancellationToken) =>
        Records.OutboxAsync(org, after, limit, cancellationToken);

    public Task<Attempt?> AttemptAsync(string org, AttemptId id, CancellationToken cancellationToken) => Attempts.AttemptAsync(org, id, cancellationToken);

    public Task<IReadOnlyList<Attempt>> OperationAsync(string org, string operationId, CancellationToken cancellationToken) =>
        Attempts.OperationAsync(org, operationId, cancellationToken);

    public Task<IReadOnlyList<LineageEntry>> LineageAsync(string org, string operationId, CancellationToken cancellationToken) =>
        Attempts.LineageAsync(org, operationId, cancellationToken);

    public Task<IReadOnlyDictionary<AttemptId, AttemptEnvelope>> EnvelopesAsync(
        string org, IReadOnlyList<string> operations, CancellationToken cancellationToken) => Attempts.EnvelopesAsync(org, operations, cancellationToken);

    public Task<AttemptRecords> RecordsAsync(string org, Attempt attempt, CancellationToken cancellationToken) =>
        Attempts.RecordsAsync(org, attempt, cancellationToken);

    public Task<KeptObject?> ObjectAsync(string org, ObjectKind kind, string id, CancellationToken cancellationToken) =>
        Objects.ObjectAsync(org, kind, id, cancellationToken);

    public Task<IReadOnlyList<KeptObject>> ObjectsAsync(string org, ObjectKind kind, long before, int limit, CancellationToken cancellationToken) =>
        Objects.ObjectsAsync(org, kind, before, limit, cancellationToken);

    public Task<long> CountObjectsAsync(string org, ObjectKind kind, int limit, CancellationToken cancellationToken) =>
        Objects.CountObjectsAsync(org, kind, limit, cancellationToken);

    public Task<IReadOnlyList<KeptObject>> PendingObjectsAsync(ObjectKind kind, long after, int limit, CancellationToken cancellationToken) =>
        Objects.PendingObjectsAsync(kind, after, limit, cancellationToken);

    public Task<IReadOnlyList<StoredFinding>> FindingsAsync(FindingQuery query, CancellationToken cancellationToken) =>
        Findings.FindingsAsync(query, cancellationToken);

    public Task<BookReport> ReconcileAsync(BookQuery query, CancellationToken cancellationToken) => Findings.ReconcileAsync(query, cancellationToken);

    public Task<IReadOnlyList<LabelledLine>> SumsAsync(RecountQuery query, CancellationToken cancellationToken) => Recounts.SumsAsync(query, cancellationToken);

    public Task<IReadOnlyList<StatusCount>> StatusesAsync(RecountQuery query, CancellationToken cancellationToken) =>
        Recounts.StatusesAsync(query, cancellationToken);

    public Task<IReadOnlyList<LabelledCosts>> ClassCostsAsync(RecountQuery query, CancellationToken cancellationToken) =>
        Recounts.ClassCostsAsync(query, cancellationToken);

    public Task<MonthSums> MonthAsync(OrgState org, Instant from, Instant to, CancellationToken cancellationToken) =>
        Recounts.MonthAsync(org, from, to, cancellationToken);

    public Task<IReadOnlyList<long>> HourAsync(
        OrgState org, Instant hour, IReadOnlyCollection<int> labels, long before, int limit, CancellationToken cancellationToken) =>
        RowIndex.HourAsync(org, hour, labels, before, limit, cancellationToken);

    public Task<IReadOnlyList<LabelledSketch>> SketchesAsync(RecountQuery query, CancellationToken cancellationToken) =>
        Sketches.SketchesAsync(query, cancellationToken);

    public Task<IReadOnlyList<ToolHour>> ToolHoursAsync(RecountQuery query, CancellationToken cancellationToken) =>
        ToolCalls.ToolHoursAsync(query, cancellationToken);

    public Task<LineageReport> AuditLineageAsync(LineageQuery query, CancellationToken cancellationToken) =>
        Lineages.AuditLineageAsync(query, cancellationToken);

    /// <inheritdoc/>
    public Task<AuditedSpan> AuditSpanAsync(LineageQuery query, CancellationToken cancellationToken) => Lineages.AuditSpanAsync(query, cancellationToken);

    /// <inheritdoc/>
    public Task<Instant?> FirstRowAsync(Instant from, CancellationToken cancellationToken) => Lineages.FirstRowAsync(from, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<AuditedSpan>> TouchedAsync(
        IReadOnlyList<AuditedSpan> spans, IReadOnlyDictionary<int, long> through, CancellationToken cancellationToken) =>
        Lineages.TouchedAsync(spans, through, cancellationToken);
}
