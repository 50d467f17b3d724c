using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <param name="UsageId">The attempt it is about; null: none.</param>
/// <param name="Detail">Both sides, the difference, the cause, as far as the kind of finding has them.</param>
public sealed record FindingBody(long Seq, string Code, string Severity, string Org, string? UsageId, JsonElement Detail, string RecordedAt);

public sealed record FindingListBody(IReadOnlyList<FindingBody> Items, long AsOf);

/// <summary>Findings: what someone should look at.</summary>
internal static class FindingEndpoints
{
    public static void MapFindings(this IEndpointRouteBuilder api)
    {
        api.MapGet("/findings", (HttpContext context, ILedger ledger) => List(org: null, context, ledger));
        api.MapGet("/orgs/{org}/findings", (string org, HttpContext context, ILedger ledger) => List(Inputs.Org(ledger, org).Org.Id, context, ledger));
    }

    private static async Task<IResult> List(string? org, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "limit");
        var asOf = ledger.Read.AsOf;
        var rows = await ledger.Read.FindingsAsync(org, Inputs.Limit(context), context.RequestAborted);
        return Answer.Ok(new FindingListBody([.. rows.Select(Body)], asOf), ApiJson.Default.FindingListBody);
    }

    private static FindingBody Body(FindingRow row)
    {
        using var detail = JsonDocument.Parse(row.Detail);
        return new(row.Seq, row.Code, row.Severity, row.Org, row.Attempt?.ToString(), detail.RootElement.Clone(), row.RecordedAt.ToString());
    }
}
