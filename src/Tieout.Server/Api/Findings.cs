using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <param name="UsageId">The attempt it is about; null: none.</param>
/// <param name="Detail">Both sides, the difference, the cause, as far as the kind of finding has them.</param>
/// <param name="Id">The same for the same defect, whoever opened it: what <c>correct</c> takes.</param>
/// <param name="State"><c>open</c>; <c>ended</c>: a run no longer finds it; <c>accepted</c>: a person lets it stand.</param>
public sealed record FindingBody(long Seq, string Code, string Severity, string Org, string? UsageId, JsonElement Detail, string RecordedAt, string Id, string State);

public sealed record FindingListBody(IReadOnlyList<FindingBody> Items, long AsOf);

/// <summary>Findings: what someone should look at.</summary>
internal static class FindingEndpoints
{
    /// <summary>Rows that a filter looks through, the newest first.</summary>
    private const int FilteredMax = 100_000;

    public static void MapFindings(this IEndpointRouteBuilder api)
    {
        api.MapGet("/findings", (HttpContext context, ILedger ledger) => List(org: null, context, ledger)).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/findings", (string org, HttpContext context, ILedger ledger) => List(Inputs.Org(ledger, org).Org.Id, context, ledger)).Allow(Access.EveryRole);
    }

    private static async Task<IResult> List(string? org, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "limit", "code", "open");
        var (limit, code) = (Inputs.Limit(context), Inputs.Query(context, "code"));
        var open = Inputs.Query(context, "open") switch
        {
            null or "false" => false,
            "true" => true,
            var other => throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Inputs.Shown(other)}' is neither true nor false."),
        };
        var asOf = ledger.Read.AsOf;
        var kept = await new FindingsKept(ledger).AllAsync(org, context.RequestAborted).ToDictionaryAsync(kept => kept.Finding.Id, kept => kept.Finding, StringComparer.Ordinal, context.RequestAborted);
        var rows = await ledger.Read.FindingsAsync(org, code is null && !open ? limit : FilteredMax, context.RequestAborted);

        // The newest row of a finding says how it was last found; an older one is that it was found before.
        var items = rows.Select(row => Body(row, kept)).DistinctBy(finding => finding.Id)
            .Where(finding => (code is null || finding.Code == code) && (!open || finding.State == FindingState.Open)).Take(limit).ToList();
        return Answer.Ok(new FindingListBody(items, asOf), ApiJson.Default.FindingListBody);
    }

    private static FindingBody Body(FindingRow row, Dictionary<string, KeptFinding> all)
    {
        var id = FindingsKept.IdOf(row);
        var kept = all.GetValueOrDefault(id);

        // Figures of one that is open may have changed since it was opened.
        using var detail = kept is { State: FindingState.Open } ? JsonSerializer.SerializeToDocument(kept, ReconciliationJson.Default.KeptFinding) : JsonDocument.Parse(row.Detail);
        return new(row.Seq, row.Code, row.Severity, row.Org, row.Attempt?.ToString(), detail.RootElement.Clone(), row.RecordedAt.ToString(), id, kept?.State ?? FindingState.Open);
    }
}
