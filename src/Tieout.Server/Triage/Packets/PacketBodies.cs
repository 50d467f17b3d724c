using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Tieout.Core.Guard;
using Tieout.Core.Money;
using Tieout.Server.Attribution;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Guard;
using Tieout.Server.Http;
using Tieout.Server.Ingest;
using Tieout.Server.Metering;
using Tieout.Server.Reconciliation.SelfCheck;

namespace Tieout.Server.Triage.Packets;

/// <summary><c>dispute.json</c>: what was charged, at which price, and what corrected it.</summary>
/// <param name="FoundAs">usage_id, operation_id or invoice_line.</param>
/// <param name="Charged">Charges with their corrections, of the attempts that are here.</param>
/// <param name="LeftOut">Attempts of the dispute that are not here.</param>
internal sealed record DisputeBody(
    string Dispute, string FoundAs, string Org, string Asset, string TimeZone, Amount Charged, DisputedLineBody? InvoiceLine, long LeftOut,
    IReadOnlyList<DisputedAttemptBody> Attempts);

/// <param name="Exact">Before rounding.</param>
/// <param name="Amount">As the invoice shows it.</param>
internal sealed record DisputedLineBody(
    string Invoice, int Line, string Period, string? Project, string? Provider, string? Model, string UsageSource, long Attempts, Amount Exact,
    Amount Corrections, Amount Amount, long FirstPosting, long LastPosting);

/// <param name="Price">Everything that the charge was computed from; null: the amount was stated, or no price was known.</param>
internal sealed record DisputedAttemptBody(
    string UsageId, string OperationId, Amount Charged, UsageLine? Usage, JsonNode? Price, HoldBody? Hold, IReadOnlyList<DisputedPostingBody> Postings,
    IReadOnlyList<string> Findings);

/// <param name="Amount">What it adds to what the org was charged; below zero: given back.</param>
internal sealed record DisputedPostingBody(
    long Posting, string Kind, Amount Amount, string Debit, string Credit, string? CommandId, long? Reverses, string? Reason, string EffectiveAt,
    string RecordedAt, long Commit, string Hash);

/// <summary><c>verdict.json</c>: the three questions for this dispute alone.</summary>
/// <param name="FirstBreak">The first that failed; null: none did.</param>
internal sealed record VerdictBody(string Dispute, string Org, string? FirstBreak, IReadOnlyList<VerdictStepBody> Steps);

internal sealed record VerdictStepBody(string Id, string Title, string Verdict, IReadOnlyList<string> Reasons, string? Fix, string? Owner, string Evidence);

/// <summary><c>policies.json</c>: what governed the dispute when it happened.</summary>
/// <param name="At">Policies and contracts are those in force at this time.</param>
/// <param name="PoliciesSince">Versions that were set later.</param>
/// <param name="Overrides">In force at some time of the week before.</param>
/// <param name="Week">What each policy decided on each day of the week before, for resources of the org.</param>
/// <param name="Decisions">Those on the operations and workflows of the dispute, and on the same resources.</param>
internal sealed record PolicySnapshotBody(
    string At, IReadOnlyList<GuardPolicy> Policies, IReadOnlyList<GuardPolicy> PoliciesSince, IReadOnlyList<GuardOverride> Overrides,
    IReadOnlyList<GuardDayBody> Week, IReadOnlyList<GuardDecision> Decisions, long DecisionsLeftOut, IReadOnlyList<StandingContract> Contracts,
    IReadOnlyList<BrokenContractBody> Breaches, IReadOnlyList<QuarantinedEvent> Quarantined, long QuarantinedLeftOut);

internal sealed record BrokenContractBody(string Contract, string Version, string UsageId, string Why);

/// <summary><c>envelopes.json</c>: which identity each operation was issued with, and every step that it took.</summary>
internal sealed record EnvelopesBody(IReadOnlyList<PacketEnvelopeBody> Envelopes, IReadOnlyList<ReconciledFinding> Findings, IReadOnlyList<string> Notes);

/// <param name="KeyState">active, verify_only or revoked; null: the ledger does not know the key.</param>
/// <param name="TokenSha256">SHA-256 of the envelope's text. A holder of the text can compare it; the hash does not reveal the text.</param>
/// <param name="OneText">Every step was made with the same text of the envelope.</param>
/// <param name="Claims">Null: the ledger has only the hash of the text, and the usual claims do not come to it.</param>
/// <param name="ClaimsProved">How the claims are known.</param>
internal sealed record PacketEnvelopeBody(
    string OperationId, string IssuanceId, string KeyId, string? KeyState, string TokenSha256, bool OneText, ClaimsBody? Claims, string ClaimsProved,
    LineageBody Lineage);

/// <summary>A file of <c>chain/</c>: one commit.</summary>
/// <param name="Complete">Every row is here, so the hash can be computed again from this file alone.</param>
internal sealed record CommitBody(
    int Bucket, long Commit, string RecordedAt, long RecordedAtMicros, string PreviousHash, string Hash, bool Complete, IReadOnlyList<CommitRowBody> Rows);

/// <param name="Sha256">Of the row's bytes.</param>
/// <param name="Fields">Null: the row is not shown.</param>
/// <param name="Hidden">Why it is not shown.</param>
internal sealed record CommitRowBody(string Table, int? Tag, string Sha256, IReadOnlyList<RowFieldBody>? Fields, string? Hidden);

internal sealed record RowFieldBody(string Name, string Type, string? Value);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(AmountConverter), typeof(JoinContractConverter)])]
[JsonSerializable(typeof(CommitBody))]
[JsonSerializable(typeof(DisputeBody))]
[JsonSerializable(typeof(EnvelopesBody))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(JsonNode))]
[JsonSerializable(typeof(PolicySnapshotBody))]
[JsonSerializable(typeof(VerdictBody))]
internal sealed partial class PacketJson : JsonSerializerContext;
