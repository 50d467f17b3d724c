using System.Text.Json.Serialization;
using Tieout.Core.Guard;
using Tieout.Core.Triage;
using Tieout.Server.Guard;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.Lineages;

namespace Tieout.Server.Triage;

/// <summary>The triage of an attribution dispute: P1, P2, P3, in this order.</summary>
/// <param name="Org">Null: all orgs.</param>
/// <param name="Verdict"><c>fail</c> if any step failed; <c>pass</c>; or <c>not_checked</c> where there was nothing to look at.</param>
/// <param name="FirstBreak">The first step that failed; null: none did.</param>
public sealed record TriageBody(string? Org, string From, string To, string Verdict, string? FirstBreak, IReadOnlyList<TriageStepBody> Steps, long AsOf);

/// <param name="Verdict"><c>pass</c>, <c>fail</c> or <c>not_checked</c>.</param>
/// <param name="Evidence">What the verdict rests on; null: the step was not looked at.</param>
public sealed record TriageStepBody(
    string Id, string Title, string Verdict, IReadOnlyList<string> Reasons, string? Fix, string? Owner, TriageEvidenceBody? Evidence)
{
    internal static TriageStepBody Of(TriageStep step, TriageEvidenceBody? evidence) =>
        new(step.Id, step.Title, SnakeCase.Of(step.Verdict), step.Reasons, step.Fix, step.Owner, evidence);
}

/// <summary>Each step has its own parts; the others are null.</summary>
/// <param name="Queries">How to see the same again, without a spreadsheet.</param>
/// <param name="Policies">Every version of every policy, oldest first: what changed, and who changed it.</param>
/// <param name="Hits">A week of decisions, by policy and day, with the newest that were a hit, a block or overridden.</param>
/// <param name="Overrides">Those of the range, newest first.</param>
/// <param name="Lineage">The audit, with a sampled retry chain and the hashes of its envelope.</param>
/// <param name="Contracts">The result of the join query for each contract.</param>
public sealed record TriageEvidenceBody(
    IReadOnlyList<string> Queries,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<GuardPolicy>? Policies = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] GuardHitsBody? Hits = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<GuardOverrideBody>? Overrides = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LineageAuditBody? Lineage = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ReviewedContract>? Contracts = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(TriageBody))]
public sealed partial class TriageJson : JsonSerializerContext;
