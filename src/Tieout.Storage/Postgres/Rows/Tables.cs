using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>What is written with a commit and bears its number.</summary>
internal readonly record struct InCommit<T>(T Row, long Commit);

/// <summary>The tables, column by column, as <c>RowReads</c> reads them back.</summary>
internal static class Tables
{
    public static readonly Table<SettingRow> Settings = new("settings",
    [
        new LongColumn<SettingRow>("seq", row => row.Seq), new IntColumn<SettingRow>("kind", row => (int)row.Kind), new TextColumn<SettingRow>("org", row => row.Org),
        new TextColumn<SettingRow>("name", row => row.Name), new TextColumn<SettingRow>("body", row => row.Body),
        new LongColumn<SettingRow>("after_hold", row => row.AfterHold), new LongColumn<SettingRow>("recorded_at", row => row.RecordedAt.UnixMicros),
        Crc<SettingRow>(row => row.Crc),
    ]);

    public static readonly Table<LabelsRow> Labels = new("attributions",
    [
        new IntColumn<LabelsRow>("no", row => row.No), new TextColumn<LabelsRow>("org", row => row.Labels.Org), new TextColumn<LabelsRow>("project", row => row.Labels.Project),
        new TextColumn<LabelsRow>("team", row => row.Labels.Team), new TextColumn<LabelsRow>("key", row => row.Labels.Key),
        new TextColumn<LabelsRow>("feature", row => row.Labels.Feature), new TextColumn<LabelsRow>("provider", row => row.Labels.Provider),
        new TextColumn<LabelsRow>("model", row => row.Labels.Model), new IntColumn<LabelsRow>("source", row => (int)row.Labels.Source),
        new TextColumn<LabelsRow>("trigger", row => row.Labels.Trigger), Crc<LabelsRow>(row => row.Crc),
        new TextColumn<LabelsRow>("app_instance", row => row.Labels.Runtime?.AppInstance), new TextColumn<LabelsRow>("component", row => row.Labels.Runtime?.Component),
        new OptionalIntColumn<LabelsRow>("control_plane", row => row.Labels.Runtime is { } runtime ? (runtime.IsControlPlane ? 1 : 0) : null),
        new TextColumn<LabelsRow>("operating_mode", row => row.Labels.Runtime?.OperatingMode), new TextColumn<LabelsRow>("control_plane_scope", row => row.Labels.Runtime?.ControlPlaneScope),
        new TextColumn<LabelsRow>("runtime_backend", row => row.Labels.Runtime?.Backend),
    ]);

    public static readonly Table<PriceRow> Prices = new("prices",
        [new IntColumn<PriceRow>("no", row => row.No), new TextColumn<PriceRow>("body", row => row.Json), Crc<PriceRow>(row => row.Crc)]);

    public static readonly Table<CommandRow> Commands = new("commands",
    [
        new TextColumn<CommandRow>("org", row => row.Org), new TextColumn<CommandRow>("id", row => row.Id), new TextColumn<CommandRow>("content", row => row.Content),
        new LongColumn<CommandRow>("posting", row => row.Posting), Crc<CommandRow>(row => row.Crc),
    ]);

    public static readonly Table<HoldRow> Holds = new("holds",
    [
        new LongColumn<HoldRow>("seq", row => row.Hold.Seq), new IdColumn<HoldRow>("id", row => row.Hold.Id.Value), new IntColumn<HoldRow>("attribution", row => row.Hold.Labels),
        new TextColumn<HoldRow>("end_user", row => row.Hold.EndUser), new TextColumn<HoldRow>("operation_id", row => row.Hold.OperationId),
        new LongColumn<HoldRow>("amount", row => (long)row.Hold.Amount.Nanos), new LongColumn<HoldRow>("held_at", row => row.Hold.HeldAt.UnixMicros),
        new LongColumn<HoldRow>("expires_at", row => row.Hold.ExpiresAt.UnixMicros), Crc<HoldRow>(row => row.Crc),
    ]);

    public static readonly Table<InCommit<HoldEnd>> HoldEnds = new("hold_ends",
    [
        new LongColumn<InCommit<HoldEnd>>("hold", row => row.Row.Hold.Seq), new IntColumn<InCommit<HoldEnd>>("state", row => (int)row.Row.State),
        new LongColumn<InCommit<HoldEnd>>("ended_at", row => row.Row.EndedAt.UnixMicros), new LongColumn<InCommit<HoldEnd>>("commit_no", row => row.Commit),
        Crc<InCommit<HoldEnd>>(row => row.Row.Crc),
    ]);

    public static readonly Table<UsageRow> Usage = new("usage",
    [
        new LongColumn<UsageRow>("seq", row => row.Seq), new IdColumn<UsageRow>("id", row => row.Usage.Id.Value), new IntColumn<UsageRow>("attribution", row => row.Labels),
        new TextColumn<UsageRow>("operation_id", row => row.Usage.OperationId), new IntColumn<UsageRow>("attempt_no", row => row.Usage.AttemptNo),
        new TextColumn<UsageRow>("workflow_id", row => row.Usage.WorkflowId), new TextColumn<UsageRow>("correlation_id", row => row.Usage.CorrelationId),
        new TextColumn<UsageRow>("trace_id", row => row.Usage.TraceId), new TextColumn<UsageRow>("end_user", row => row.Usage.EndUser),
        new LongColumn<UsageRow>("occurred_at", row => row.Usage.OccurredAt.UnixMicros), new IntColumn<UsageRow>("duration_ms", row => row.Usage.DurationMs),
        new IntColumn<UsageRow>("status_code", row => row.Usage.StatusCode), new LongColumn<UsageRow>("input_tokens", row => row.Usage.Counts.InputTokens),
        new LongColumn<UsageRow>("cache_read_tokens", row => row.Usage.Counts.CacheReadTokens),
        new LongColumn<UsageRow>("cache_write_tokens", row => row.Usage.Counts.CacheWriteTokens), new LongColumn<UsageRow>("output_tokens", row => row.Usage.Counts.OutputTokens),
        new LongColumn<UsageRow>("reasoning_tokens", row => row.Usage.Counts.ReasoningTokens), new TextColumn<UsageRow>("more", row => row.Usage.Counts.More),
        new IntColumn<UsageRow>("basis", row => (int)row.Usage.Basis), new IntColumn<UsageRow>("flags", row => (int)row.Usage.Flags),
        new IntColumn<UsageRow>("price", row => row.Price), new LongColumn<UsageRow>("provider_cost", row => (long)row.ProviderCost.Nanos),
        new LongColumn<UsageRow>("charge", row => (long)row.Charge.Nanos), new IntColumn<UsageRow>("charge_flags", row => (int)row.Flags),
        new LongColumn<UsageRow>("effective_at", row => row.EffectiveAt.UnixMicros), new LongColumn<UsageRow>("recorded_at", row => row.RecordedAt.UnixMicros),
        Crc<UsageRow>(row => row.Crc),
    ]);

    /// <summary>An id counts once for ever, in whatever month its usage lies.</summary>
    public static readonly Table<UsageRow> UsageIds = new("usage_ids",
    [
        new IdColumn<UsageRow>("id", row => row.Usage.Id.Value), new LongColumn<UsageRow>("seq", row => row.Seq), new LongColumn<UsageRow>("recorded_at", row => row.RecordedAt.UnixMicros),
    ]);

    public static readonly Table<PostingRow> Postings = new("postings",
    [
        new LongColumn<PostingRow>("seq", row => row.Posting.Seq), new IntColumn<PostingRow>("kind", row => (int)row.Posting.Kind),
        new IntColumn<PostingRow>("debit", row => row.Posting.Debit), new IntColumn<PostingRow>("credit", row => row.Posting.Credit),
        new LongColumn<PostingRow>("amount", row => (long)row.Posting.Amount.Nanos), new LongColumn<PostingRow>("usage_seq", row => row.Posting.UsageSeq),
        new TextColumn<PostingRow>("command_id", row => row.Posting.CommandId), new LongColumn<PostingRow>("reverses", row => row.Posting.Reverses),
        new TextColumn<PostingRow>("reason", row => row.Posting.Reason), new LongColumn<PostingRow>("effective_at", row => row.Posting.EffectiveAt.UnixMicros),
        new LongColumn<PostingRow>("recorded_at", row => row.Posting.RecordedAt.UnixMicros), new IntColumn<PostingRow>("posting_repair", row => row.Posting.IsPostingRepair ? 1 : 0),
        Crc<PostingRow>(row => row.Crc),
    ]);

    public static readonly Table<FindingRow> Findings = new("findings",
    [
        new LongColumn<FindingRow>("seq", row => row.Seq), new TextColumn<FindingRow>("code", row => row.Code.Name), new TextColumn<FindingRow>("severity", row => row.Code.Severity),
        new TextColumn<FindingRow>("org", row => row.Org), new IdColumn<FindingRow>("attempt", row => row.Attempt?.Value), new TextColumn<FindingRow>("detail", row => row.Detail),
        new LongColumn<FindingRow>("recorded_at", row => row.RecordedAt.UnixMicros), Crc<FindingRow>(row => row.Crc),
    ]);

    public static readonly Table<OutboxRow> Outbox = new("outbox",
    [
        new LongColumn<OutboxRow>("seq", row => row.Seq), new TextColumn<OutboxRow>("id", row => row.Id), new TextColumn<OutboxRow>("org", row => row.Org),
        new TextColumn<OutboxRow>("type", row => row.Type), new TextColumn<OutboxRow>("body", row => row.Body),
        new LongColumn<OutboxRow>("recorded_at", row => row.RecordedAt.UnixMicros), Crc<OutboxRow>(row => row.Crc),
    ]);

    public static readonly Table<ObjectRow> Objects = new("objects",
    [
        new LongColumn<ObjectRow>("seq", row => row.Seq), new TextColumn<ObjectRow>("org", row => row.Object.Org), new IntColumn<ObjectRow>("kind", row => (int)row.Object.Kind),
        new TextColumn<ObjectRow>("id", row => row.Object.Id), new TextColumn<ObjectRow>("key", row => row.Object.Key),
        new IdColumn<ObjectRow>("attempt", row => row.Object.Attempt?.Value), new TextColumn<ObjectRow>("operation_id", row => row.Object.OperationId),
        new IntColumn<ObjectRow>("pending", row => row.Object.IsPending ? 1 : 0), new TextColumn<ObjectRow>("body", row => row.Object.Body),
        new LongColumn<ObjectRow>("recorded_at", row => row.RecordedAt.UnixMicros), Crc<ObjectRow>(row => row.Crc),
    ]);

    public static readonly Table<InCommit<ObjectEnd>> ObjectEnds = new("object_ends",
    [
        new LongColumn<InCommit<ObjectEnd>>("object", row => row.Row.Object.Seq), new TextColumn<InCommit<ObjectEnd>>("body", row => row.Row.Body),
        new LongColumn<InCommit<ObjectEnd>>("ended_at", row => row.Row.EndedAt.UnixMicros), new LongColumn<InCommit<ObjectEnd>>("commit_no", row => row.Commit),
        Crc<InCommit<ObjectEnd>>(row => row.Row.Crc),
    ]);

    public static readonly Table<LineageEntry> Lineage = new("lineage",
    [
        new LongColumn<LineageEntry>("seq", entry => entry.Seq), new TextColumn<LineageEntry>("org", entry => entry.Org),
        new TextColumn<LineageEntry>("operation_id", entry => entry.OperationId), new TextColumn<LineageEntry>("issuance_id", entry => entry.Row.Issuance),
        new IntColumn<LineageEntry>("no", entry => entry.Row.No), new TextColumn<LineageEntry>("key_id", entry => entry.KeyId),
        new BytesColumn<LineageEntry>("token_sha256", entry => entry.TokenSha256), new IntColumn<LineageEntry>("kind", entry => (int)entry.Row.Step.Kind),
        new TextColumn<LineageEntry>("id", entry => entry.Row.Step.Id), new IntColumn<LineageEntry>("attempt_no", entry => entry.Row.Step.AttemptNo),
        new TextColumn<LineageEntry>("executor", entry => entry.Row.Step.Executor), new TextColumn<LineageEntry>("target", entry => entry.Row.Step.Target),
        new LongColumn<LineageEntry>("at", entry => entry.Row.Step.At.UnixMicros), new BytesColumn<LineageEntry>("link", entry => entry.Row.Link),
        Crc<LineageEntry>(entry => entry.Crc),
    ]);

    public static readonly Table<AuditRow> Audit = new("audit",
    [
        new LongColumn<AuditRow>("seq", row => row.Seq), new TextColumn<AuditRow>("org", row => row.Org), new TextColumn<AuditRow>("actor", row => row.Actor.Id),
        new TextColumn<AuditRow>("role", row => row.Actor.Role), new TextColumn<AuditRow>("correlation_id", row => row.Actor.CorrelationId),
        new TextColumn<AuditRow>("address", row => row.Actor.Address), new TextColumn<AuditRow>("agent", row => row.Actor.Agent),
        new TextColumn<AuditRow>("action", row => row.Action), new TextColumn<AuditRow>("target", row => row.Target), new TextColumn<AuditRow>("before", row => row.Before),
        new TextColumn<AuditRow>("after", row => row.After), new TextColumn<AuditRow>("outcome", row => row.Outcome),
        new LongColumn<AuditRow>("recorded_at", row => row.RecordedAt.UnixMicros), Crc<AuditRow>(row => row.Crc),
    ]);

    public static readonly Table<RecordRow> Records = new("records",
    [
        new LongColumn<RecordRow>("seq", row => row.Seq), new IntColumn<RecordRow>("kind", row => (int)row.Kind), new TextColumn<RecordRow>("org", row => row.Org),
        new TextColumn<RecordRow>("name", row => row.Name), new TextColumn<RecordRow>("body", row => row.Body),
        new LongColumn<RecordRow>("recorded_at", row => row.RecordedAt.UnixMicros), Crc<RecordRow>(row => row.Crc),
    ]);

    public static readonly Table<ChainRow> Chain = new("chain",
    [
        new LongColumn<ChainRow>("commit_no", row => row.Commit), new BytesColumn<ChainRow>("hash", row => row.Hash),
        new LongColumn<ChainRow>("recorded_at", row => row.RecordedAt.UnixMicros), new LongColumn<ChainRow>("last_usage", row => row.Last.Usage),
        new LongColumn<ChainRow>("last_posting", row => row.Last.Posting), new LongColumn<ChainRow>("last_hold", row => row.Last.Hold),
        new LongColumn<ChainRow>("last_setting", row => row.Last.Setting), new LongColumn<ChainRow>("last_finding", row => row.Last.Finding),
        new LongColumn<ChainRow>("last_outbox", row => row.Last.Outbox), new IntColumn<ChainRow>("last_labels", row => row.Last.Labels),
        new IntColumn<ChainRow>("last_price", row => row.Last.Price), new IntColumn<ChainRow>("last_account", row => row.Last.Account),
        new IntColumn<ChainRow>("last_budget", row => row.Last.Budget), new LongColumn<ChainRow>("last_object", row => row.Last.Object),
        new LongColumn<ChainRow>("last_lineage", row => row.Last.Lineage), new LongColumn<ChainRow>("last_audit", row => row.Last.Audit),
        new LongColumn<ChainRow>("last_record", row => row.Last.Record),
    ]);

    public static readonly Table<InCommit<Account>> Accounts = new("accounts",
    [
        new IntColumn<InCommit<Account>>("no", row => row.Row.No), new TextColumn<InCommit<Account>>("org", row => row.Row.Org),
        new IntColumn<InCommit<Account>>("kind", row => (int)row.Row.Kind), new TextColumn<InCommit<Account>>("asset", row => row.Row.Asset.Code),
        new SumColumn<InCommit<Account>>("debits", row => row.Row.Debits.Nanos), new SumColumn<InCommit<Account>>("credits", row => row.Row.Credits.Nanos),
        new SumColumn<InCommit<Account>>("held", row => row.Row.Held.Nanos), new LongColumn<InCommit<Account>>("version", row => row.Row.Version),
        new TextColumn<InCommit<Account>>("grants", row => CheckpointTables.WriteGrants(row.Row)), new LongColumn<InCommit<Account>>("commit_no", row => row.Commit),
    ], """
        ON CONFLICT (bucket, no) DO UPDATE SET debits = excluded.debits, credits = excluded.credits, held = excluded.held,
          version = excluded.version, grants = excluded.grants, commit_no = excluded.commit_no
        """);

    public static readonly Table<InCommit<BudgetWindow>> Windows = new("windows",
    [
        new IntColumn<InCommit<BudgetWindow>>("budget", row => row.Row.Key.Budget), new LongColumn<InCommit<BudgetWindow>>("start_at", row => row.Row.Key.Start.UnixMicros),
        new TextColumn<InCommit<BudgetWindow>>("each", row => row.Row.Key.Each ?? ""), new LongColumn<InCommit<BudgetWindow>>("end_at", row => row.Row.End.UnixMicros),
        new SumColumn<InCommit<BudgetWindow>>("posted", row => row.Row.Posted.Nanos), new SumColumn<InCommit<BudgetWindow>>("held", row => row.Row.Held.Nanos),
        new IntColumn<InCommit<BudgetWindow>>("told_percent", row => row.Row.LastAlertedPercent), new LongColumn<InCommit<BudgetWindow>>("commit_no", row => row.Commit),
    ], """
        ON CONFLICT (bucket, budget, start_at, each) DO UPDATE SET posted = excluded.posted, held = excluded.held,
          told_percent = excluded.told_percent, commit_no = excluded.commit_no
        """);

    public static readonly Table<CellChange> Cells = new("cells",
    [
        new LongColumn<CellChange>("hour", row => row.Key.Hour), new IntColumn<CellChange>("attribution", row => row.Key.Labels),
        new LongColumn<CellChange>("attempts", row => row.Attempts), new LongColumn<CellChange>("failures", row => row.Failures),
        new SumColumn<CellChange>("input_tokens", row => row.InputTokens), new SumColumn<CellChange>("cache_read_tokens", row => row.CacheReadTokens),
        new SumColumn<CellChange>("cache_write_tokens", row => row.CacheWriteTokens), new SumColumn<CellChange>("output_tokens", row => row.OutputTokens),
        new SumColumn<CellChange>("reasoning_tokens", row => row.ReasoningTokens), new SumColumn<CellChange>("provider_cost", row => row.ProviderCost.Nanos),
        new SumColumn<CellChange>("charge", row => row.Charge.Nanos),
    ], """
        ON CONFLICT (bucket, hour, attribution) DO UPDATE SET
          attempts = cells.attempts + excluded.attempts, failures = cells.failures + excluded.failures,
          input_tokens = cells.input_tokens + excluded.input_tokens, cache_read_tokens = cells.cache_read_tokens + excluded.cache_read_tokens,
          cache_write_tokens = cells.cache_write_tokens + excluded.cache_write_tokens, output_tokens = cells.output_tokens + excluded.output_tokens,
          reasoning_tokens = cells.reasoning_tokens + excluded.reasoning_tokens, provider_cost = cells.provider_cost + excluded.provider_cost,
          charge = cells.charge + excluded.charge
        """);

    private static IntColumn<T> Crc<T>(Func<T, uint> crc) => new("crc", row => unchecked((int)crc(row)));
}
