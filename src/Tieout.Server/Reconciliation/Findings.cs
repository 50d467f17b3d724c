using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation;

/// <param name="UsageId">The attempt it is about; null: none.</param>
/// <param name="Detail">Both sides, the difference, the cause, as far as the kind of finding has them.</param>
/// <param name="Id">The same for the same defect, whoever opened it: what <c>correct</c> takes.</param>
/// <param name="State"><c>open</c>; <c>corrected</c>: its repair was carried out; <c>accepted</c>: a person lets it stand; <c>ended</c>: a run no longer finds
/// it.</param>
public sealed record FindingBody(
    long Seq, string Code, string Severity, string Org, string? UsageId, JsonElement Detail, string RecordedAt, string Id, string State);

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
        api.MapGet("/orgs/{org}/findings", (string org, HttpContext context, ILedger ledger) => ListAsync(Inputs.Org(ledger, org).Org.Id, context, ledger))
            .Allow(Access.EveryRole);
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
        var limit = Inputs.Limit(context);
        var (items, next) = open ? await OpenAsync(ledger, query with { Limit = limit + 1, Open = true }, limit, context.RequestAborted)
            : await PageAsync(ledger, query, limit, context.RequestAborted);
        return Answer.Ok(new FindingListBody(items, asOf, next), ReconciliationJson.Default.FindingListBody);
    }

    /// <summary>Open findings: the store gives each once, so a page is one query.</summary>
    private static async Task<(List<FindingBody> Items, string? Next)> OpenAsync(
        ILedger ledger, FindingQuery query, int limit, CancellationToken cancellationToken)
    {
        var (kept, items) = (new FindingsKept(ledger), new List<FindingBody>());
        var rows = await ledger.Read.FindingsAsync(query, cancellationToken);
        foreach (var row in rows.Take(limit)) items.Add(await BodyAsync(row.Row, kept, cancellationToken));
        return (items, rows.Count > limit ? rows[limit - 1].Place.ToString() : null);
    }

    private static async Task<(List<FindingBody> Items, string? Next)> PageAsync(
        ILedger ledger, FindingQuery query, int limit, CancellationToken cancellationToken)
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
                if (seen.Add(finding.Id)) items.Add(finding);
            }

            if (rows.Count < query.Limit) return (items, null);
        }
    }

    private static async Task<FindingBody> BodyAsync(FindingRow row, FindingsKept all, CancellationToken cancellationToken)
    {
        var id = Finding.IdOf(row);
        var kept = await all.FindAsync(row.Org, id, cancellationToken);

        // What the ledger opened after the last closing is open again.
        if (row.Attempt is not null && kept is { IsOpen: false } && row.RecordedAt > kept.RecordedAt) kept = null;

        // Figures of one that is open may have changed since it was opened.
        using var detail = kept is { IsOpen: true }
            ? JsonSerializer.SerializeToDocument(kept.Finding, ReconciliationJson.Default.KeptFinding) : JsonDocument.Parse(row.Detail);
        return new(row.Seq, row.Code.Name, row.Code.Severity, row.Org, row.Attempt?.ToString(), detail.RootElement.Clone(), row.RecordedAt.ToString(), id,
            kept?.Finding.State ?? FindingState.Open);
    }
}
