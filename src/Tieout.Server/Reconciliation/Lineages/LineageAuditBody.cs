using System.Text.Json.Serialization;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.SelfCheck;

namespace Tieout.Server.Reconciliation.Lineages;

/// <summary>Whether operations kept the identity that they were issued with, in a range.</summary>
/// <param name="Org">Null: all orgs.</param>
/// <param name="From">By the time of recording, included.</param>
/// <param name="To">Not included.</param>
/// <param name="Operations">Those that began in the range.</param>
/// <param name="Whole">Those of them whose attempts and hops all carry one envelope, byte for byte, in an unbroken chain.</param>
/// <param name="Share">Of those, from 0 to 1, rounded down to six decimals; the target is 1. Null: there is no operation.</param>
/// <param name="ByOthers">Attempts that a key of another org carried out.</param>
/// <param name="Unchecked">Operations whose links cannot be checked here, because the secret of their envelope's key is not here.</param>
/// <param name="Orgs">The same for each org, with amounts in its asset.</param>
/// <param name="Sample">A retry chain with the hashes of its envelope; null: no operation has several attempts.</param>
/// <param name="Findings">Both sides, what it cost whom, and what repairs it. What a person accepted is not among them.</param>
/// <param name="More">Defects that are counted and not named.</param>
/// <param name="Notes">What the figures do not say, one sentence each.</param>
public sealed record LineageAuditBody(
    string? Org, string From, string To, long Operations, long Whole, decimal? Share, long Attempts, long Hops, long ByOthers, long Unchecked,
    IReadOnlyList<LineageOrgBody> Orgs, LineageSampleBody? Sample, IReadOnlyList<ReconciledFinding> Findings, long More, IReadOnlyList<string> Notes,
    long AsOf);

/// <param name="ChargedByOthers">The part of <paramref name="Charged"/> that keys of other orgs spent under the org's envelopes.</param>
/// <param name="InDoubt">The part that defects are about, accepted ones included.</param>
public sealed record LineageOrgBody(
    string Org, string Asset, long Operations, long Whole, decimal? Share, long Attempts, long Hops, long ByOthers, Amount Charged, Amount ChargedByOthers,
    Amount InDoubt)
{
    internal static LineageOrgBody Of(string org, string asset, LineageLine line) => new(
        org, asset, line.Operations, line.Whole, LineageLine.Share(line.Whole, line.Operations), line.Attempts, line.Hops, line.ByOthers, line.Charged,
        line.ChargedByOthers, line.InDoubt);
}

public sealed record LineageSampleBody(string Org, string OperationId, IReadOnlyList<LineageSampleStepBody> Steps)
{
    internal static LineageSampleBody Of(AuditedOperation operation) =>
        new(operation.Org, operation.Id, [.. operation.Steps.Select(step => LineageSampleStepBody.Of(step.Entry))]);
}

/// <param name="EnvelopeSha256">Of the envelope's text, 64 hexadecimal digits: the same on every step.</param>
public sealed record LineageSampleStepBody(
    int No, string Kind, int AttemptNo, string Executor, string Target, string At, string IssuanceId, string EnvelopeSha256)
{
    internal static LineageSampleStepBody Of(LineageEntry entry) => new(
        entry.Row.No, SnakeCase.Of(entry.Row.Step.Kind), entry.Row.Step.AttemptNo, entry.Row.Step.Executor, entry.Row.Step.Target, entry.Row.Step.At.ToString(),
        entry.Row.Issuance, Convert.ToHexStringLower(entry.TokenSha256));
}

/// <param name="Org">Null: all orgs.</param>
/// <param name="From">A day, or a time with its offset. Null: seven days before the end.</param>
/// <param name="To">The end, excluded. Null: now.</param>
public sealed record LineageAuditRequest(string? Org = null, string? From = null, string? To = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(LineageAuditBody))]
[JsonSerializable(typeof(LineageAuditRequest))]
[JsonSerializable(typeof(LineageHourBody))]
public sealed partial class LineageJson : JsonSerializerContext;
