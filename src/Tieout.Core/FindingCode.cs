using System.Text.Json.Serialization;

namespace Tieout.Core;

/// <summary>A kind of difference inside our own book, or between it and what it was told: opened by the ledger, by a run, or by a guard. The names are stored
/// and never change.</summary>
/// <remarks>Codes with one name are equal: a stored row has the severity that the code had when the row was written.</remarks>
/// <param name="Name">Snake case, as in every output.</param>
/// <param name="Severity"><c>low</c>, <c>medium</c>, <c>high</c> or <c>critical</c>.</param>
public sealed record FindingCode(string Name, string Severity)
{
    /// <summary>Activity, a settled hold or an attempt in a lineage, without usage.</summary>
    public static readonly FindingCode MissingUsage = new("missing_usage", "high");

    /// <summary>Usage of an app instance recorded as an allocation's, or the reverse.</summary>
    public static readonly FindingCode WrongSource = new("wrong_source", "high");

    /// <summary>Usage of an instance under another project, mode, scope or backend than the instance's.</summary>
    public static readonly FindingCode WrongAnchor = new("wrong_anchor", "high");

    /// <summary>Usage of a scheduler, head or control service not marked as control plane, or the reverse.</summary>
    public static readonly FindingCode ControlPlaneDrift = new("control_plane_drift", "medium");

    /// <summary>Usage and its posting disagree: one is missing, or the amounts differ.</summary>
    public static readonly FindingCode LedgerMismatch = new("ledger_mismatch", "critical");

    /// <summary>One usage record, more than one charge.</summary>
    public static readonly FindingCode DuplicateCharge = new("duplicate_charge", "critical");

    /// <summary>Charged otherwise than the stored price says (M3).</summary>
    public static readonly FindingCode Mispriced = new("mispriced", "high");

    /// <summary>The flat daily counter of an org is not the sum of its charges (Q1).</summary>
    public static readonly FindingCode CounterDrift = new("counter_drift", "critical");

    /// <summary>A window of a budget is not the sum of the charges and holds in it (B2).</summary>
    public static readonly FindingCode WindowDrift = new("window_drift", "critical");

    /// <summary>An hourly cell is not the sum of its rows.</summary>
    public static readonly FindingCode CellDrift = new("cell_drift", "high");

    /// <summary>An account, and so its headroom, is not the sum of its entries and holds (L4, L5).</summary>
    public static readonly FindingCode QuotaMismatch = new("quota_mismatch", "critical");

    /// <summary>An issued invoice is not the sum of the postings of its period (I1).</summary>
    public static readonly FindingCode InvoiceMismatch = new("invoice_mismatch", "critical");

    /// <summary>A hold is open long after its time.</summary>
    public static readonly FindingCode OrphanHold = new("orphan_hold", "medium");

    /// <summary>More was spent than the account or a hard budget had (L2).</summary>
    public static readonly FindingCode Overrun = new("overrun", "high");

    /// <summary>Charged by our own estimate: to be trued up.</summary>
    public static readonly FindingCode EstimatedUsage = new("estimated_usage", "low");

    /// <summary>The provider claims more than was held for the attempt; above a limit a part of the claim is not charged until a person decides.</summary>
    public static readonly FindingCode UsageAboveCeiling = new("usage_above_ceiling", "high");

    /// <summary>The answer did not say what it used, so it is charged at what was held for it.</summary>
    public static readonly FindingCode UsageUnreadable = new("usage_unreadable", "medium");

    /// <summary>The provider claims more calls within the call than are charged without a decision.</summary>
    public static readonly FindingCode SubCallsLeftOut = new("sub_calls_left_out", "high");

    /// <summary>The provider's totals do not add up, or it ran calls that its counts leave out.</summary>
    public static readonly FindingCode HiddenUsage = new("hidden_usage", "medium");

    /// <summary>Used, and charged nothing because no price was known.</summary>
    public static readonly FindingCode Unpriced = new("unpriced", "high");

    /// <summary>Something was used that the price has no rate for, so the charge leaves it out.</summary>
    public static readonly FindingCode UnpricedDimension = new("unpriced_dimension", "high");

    /// <summary>The tenant charged is not the one of the attempt's envelope (A2).</summary>
    public static readonly FindingCode IdentityRebind = new("identity_rebind", "critical");

    /// <summary>A request or a usage item that would have charged another tenant, refused before it was charged (A2).</summary>
    public static readonly FindingCode RefusedRebind = new(IdentityRebind.Name, "high");

    /// <summary>Something came under an envelope of a revoked key, and was refused.</summary>
    public static readonly FindingCode IdentityQuarantined = new("identity_quarantined", "high");

    /// <summary>A further attempt of an operation was charged to another tenant than the operation was issued for.</summary>
    public static readonly FindingCode RetryRebound = new("retry_rebound", "critical");

    /// <summary>The lineage of an envelope does not hold: a link, a step or the envelope's text is another than was recorded (A1).</summary>
    public static readonly FindingCode LineageBroken = new("lineage_broken", "critical");

    /// <summary>A key carried out a step for a tenant that it might not act for.</summary>
    public static readonly FindingCode ForeignExecutor = new("foreign_executor", "high");

    /// <summary>An attempt was charged, and no envelope's lineage has it.</summary>
    public static readonly FindingCode LineageMissing = new("lineage_missing", "high");

    /// <summary>The steps of one operation carry more than one envelope (A1).</summary>
    public static readonly FindingCode EnvelopeReissued = new("envelope_reissued", "medium");

    /// <summary>Usage in the name of a key or instance that was never registered.</summary>
    public static readonly FindingCode Unattributed = new("unattributed", "medium");

    /// <summary>A provider's bill and our record of what it takes differ by more than is normal.</summary>
    public static readonly FindingCode ProviderBillVariance = new("provider_bill_variance", "medium");

    /// <summary>Finished spend waits in the spool and is not in the book yet (S1).</summary>
    public static readonly FindingCode SpoolBacklog = new("spool_backlog", "high");

    /// <summary>A stored row is not as it was written (L8).</summary>
    public static readonly FindingCode HashBreak = new("hash_break", "critical");

    /// <summary>A command was refused because of a fault of the ledger; its record in quarantine has all of it.</summary>
    public static readonly FindingCode CommandQuarantined = new("command_quarantined", "critical");

    /// <summary>A settlement arrived after its hold was over.</summary>
    public static readonly FindingCode LateSettlement = new("late_settlement", "low");

    /// <summary>The provider reports another cost than ours, or reported the same usage again.</summary>
    public static readonly FindingCode UsageDisputed = new("usage_disputed", "low");

    /// <summary>An org has as many sets of labels as it may have; what comes beyond them is recorded without the labels that vary most.</summary>
    public static readonly FindingCode LabelSetsFull = new("label_sets_full", "medium");

    /// <summary>A per-user budget counts as many users as it may; what comes beyond them shares one window.</summary>
    public static readonly FindingCode EndUsersFull = new("end_users_full", "medium");

    /// <summary>Those that a run looks for, so that a complete run that does not find one any more ends it.</summary>
    public static IReadOnlyList<FindingCode> OfRuns { get; } =
    [
        MissingUsage, WrongSource, WrongAnchor, ControlPlaneDrift, LedgerMismatch, DuplicateCharge, Mispriced, CounterDrift, WindowDrift, CellDrift,
        QuotaMismatch,
        InvoiceMismatch, OrphanHold, Overrun, EstimatedUsage, UsageAboveCeiling, UsageUnreadable, SubCallsLeftOut, HiddenUsage, Unpriced, UnpricedDimension,
        IdentityRebind, Unattributed, SpoolBacklog, HashBreak,
    ];

    /// <summary>Those that an audit of lineages looks for beyond those of runs, so that an audit that does not find one any more ends it.</summary>
    public static IReadOnlyList<FindingCode> OfLineageAudits { get; } = [RetryRebound, LineageBroken, ForeignExecutor, LineageMissing, EnvelopeReissued];

    [JsonIgnore]
    public bool IsOfRuns => OfRuns.Contains(this);

    public static IReadOnlyList<FindingCode> All { get; } = [.. OfRuns, .. OfLineageAudits, ProviderBillVariance, CommandQuarantined, IdentityQuarantined,
        LateSettlement,
        UsageDisputed, LabelSetsFull, EndUsersFull];

    /// <summary>Whether the usage is right and its postings are wrong: its correction repairs postings and does not correct usage.</summary>
    [JsonIgnore]
    public bool IsOfPostings => this == LedgerMismatch || this == DuplicateCharge;

    public static FindingCode? Find(string name) => All.FirstOrDefault(code => string.Equals(code.Name, name, StringComparison.Ordinal));

    public bool Equals(FindingCode? other) => other is not null && string.Equals(Name, other.Name, StringComparison.Ordinal);

    public override int GetHashCode() => string.GetHashCode(Name, StringComparison.Ordinal);

    public override string ToString() => Name;
}
