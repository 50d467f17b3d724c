using System.Text.Json.Serialization;
using Tieout.Server.Http;
using Tieout.Server.Metering;
using Tieout.Server.Runtime;

namespace Tieout.Server.Reconciliation;

/// <summary>How rows stood at a time.</summary>
/// <param name="Phase">before or after the correction, or now: captured by hand.</param>
/// <param name="Finding">What the correction was for; null: captured by hand.</param>
/// <param name="Instance">What the app instance was registered as; null: it is about none.</param>
/// <param name="Truncated">There were more rows than are kept.</param>
public sealed record Evidence(
    string Id, string At, string By, string Phase, string Org, string? Project, string? AppInstance, string? Finding, string? CorrelationId, string? Code,
    IReadOnlyList<UsageLine> UsageRecords, IReadOnlyList<EntryLine> LedgerEntries, NewRuntimeBody? Instance, bool Truncated);

/// <summary>One side of a posting, as the view <c>ledger_entries</c> shows it.</summary>
/// <param name="Amount">Below zero on the debit side; the two sum to zero (L1).</param>
public sealed record EntryLine(
    long PostingId, string Direction, string OrgId, int AccountNo, string Kind, string Amount, string? UsageId, string? CommandId, long? Reverses,
    string? Reason,
    string EffectiveAt, string RecordedAt, long Commit);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(Evidence))]
public sealed partial class EvidenceJson : JsonSerializerContext;
