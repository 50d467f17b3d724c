using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation;

/// <param name="UsageId">The attempt it is about; null: none.</param>
/// <param name="Detail">Both sides, the difference, the cause, as far as the kind of finding has them.</param>
/// <param name="Id">The same for the same defect, whoever opened it: what <c>correct</c> takes.</param>
/// <param name="State"><c>open</c>; <c>ended</c>: a run no longer finds it; <c>accepted</c>: a person lets it stand.</param>
public sealed record FindingBody(long Seq, string Code, string Severity, string Org, string? UsageId, JsonElement Detail, string RecordedAt, string Id, string State);

/// <param name="NextCursor">Where the next page begins; null: this is the last.</param>
public sealed record FindingListBody(IReadOnlyList<FindingBody> Items, long AsOf, string? NextCursor = null);

/// <summary>Findings: what someone should look at. Newest first, page by page.</summary>
internal static class FindingEndpoints
{
    /// <summary>Rows read at once.</summary>
    private const int PageRows = 500;

    public static void MapFindings(this IEndpointRouteBuilder api)
    {
        api.MapGet("/findings", (HttpContext context, ILedger ledger) => ListAsync(org: null, context, ledger)).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/findings", (string org, HttpContext context, ILedger ledger) => ListAsync(Inputs.Org(ledger, org).Org.Id, context, ledger)).Allow(Access.EveryRole);
    }

    private static async Task<IResult> ListAsync(string? org, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "limit", "code", "open", "cursor");
        var query = new FindingQuery(org, Inputs.Query(context, "code"), Inputs.Place(context), PageRows);
        var open = Inputs.Query(context, "open") switch
        {
            null or "false" => false,
            "true" => true,
            var other => throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Inputs.Shown(other)}' is neither true nor false."),
        };
        var asOf = ledger.Read.AsOf;
        var (items, next) = await PageAsync(ledger, query, open, Inputs.Limit(context), context.RequestAborted);
        return Answer.Ok(new FindingListBody(items, asOf, next), ReconciliationJson.Default.FindingListBody);
    }

    private static async Task<(List<FindingBody> Items, string? Next)> PageAsync(ILedger ledger, FindingQuery query, bool open, int limit, CancellationToken cancellationToken)
    {
        var kept = new FindingsKept(ledger);
        var (items, seen) = (new List<FindingBody>(), new HashSet<string>(StringComparer.Ordinal));
        while (true)
        {
            var rows = await ledger.Read.FindingsAsync(query, cancellationToken);
            foreach (var row in rows)
            {
                // There is one row more than the page has, so there is a next page.
                if (items.Count == limit) return (items, query.Before.ToString());
                query = query with { Before = row.Place };

                // The newest row of a finding says how it was last found; an older one is that it was found before.
                var finding = await BodyAsync(row.Row, kept, cancellationToken);
                if (seen.Add(finding.Id) && (!open || finding.State == FindingState.Open)) items.Add(finding);
            }

            if (rows.Count < query.Limit) return (items, null);
        }
    }

    private static async Task<FindingBody> BodyAsync(FindingRow row, FindingsKept all, CancellationToken cancellationToken)
    {
        var id = FindingsKept.IdOf(row);
        var kept = await all.FindAsync(row.Org, id, cancellationToken);

        // Figures of one that is open may have changed since it was opened.
        using var detail = kept is { IsOpen: true } ? JsonSerializer.SerializeToDocument(kept.Finding, ReconciliationJson.Default.KeptFinding) : JsonDocument.Parse(row.Detail);
        return new(row.Seq, row.Code.Name, row.Code.Severity, row.Org, row.Attempt?.ToString(), detail.RootElement.Clone(), row.RecordedAt.ToString(), id, kept?.Finding.State ?? FindingState.Open);
    }
}
