using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <param name="Items">By the hour in which they count; within an hour in the order of their recording.</param>
/// <param name="Count">Usage records of the whole filter.</param>
/// <param name="Sum">What all rows of the filter come to, on every page.</param>
/// <param name="NextCursor">Pass it on as <c>cursor</c> for the next page; null: this is the last.</param>
/// <param name="TimeZone">In which days in <c>from</c> and <c>to</c> were cut.</param>
public sealed record UsagePageBody(
    string Org, string Asset, IReadOnlyList<UsageLine> Items, string? NextCursor, long Count, UsageSumBody Sum, string TimeZone, long AsOf);

/// <param name="Charge">Charges plus corrections: what the ledger posted.</param>
/// <param name="Corrections">Part of <paramref name="Charge"/> that corrections made; below zero: given back.</param>
/// <param name="ProviderCost">What providers take, by the price list; null: a tenant reads.</param>
public sealed record UsageSumBody(
    Amount Charge, Amount Corrections, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Amount? ProviderCost = null);

/// <summary>Usage records and their corrections: pages as JSON, or every row that the filter matches as an <see cref="IUsageExport"/>.</summary>
internal static class UsageEndpoints
{
    public static void MapUsage(this IEndpointRouteBuilder api) => api.MapGet("/orgs/{org}/usage", List).Allow(Access.Tenant(KeyScope.ReadUsage).OrEveryRole());

    private static async Task<IResult> List(string org, HttpContext context, ILedger ledger, IEnumerable<IUsageExport> exports)
    {
        var asOf = ledger.Read.AsOf;
        var state = Inputs.Org(ledger, org);
        var request = UsageRequest.Read(context, state);
        if (request.Format != UsageRequest.PageFormat)
        {
            await ExportAsync(request, context, ledger, exports);
            return TypedResults.Empty;
        }

        var viewer = Caller.Of(context).Viewer;
        var page = await ledger.Read.PageAsync(request.Page(request.After, request.Limit + 1), context.RequestAborted);
        var shown = page.Take(request.Limit).ToList();
        var next = page.Count > request.Limit ? shown.Aggregate(request.After, (place, entry) => UsagePlace.After(place, entry)) : null;
        var totals = await UsageTotals.ReadAsync(request, ledger.Read, context.RequestAborted);
        return Answer.Ok(
            new UsagePageBody(
                org, state.Org.Asset, [.. shown.Select(entry => UsageLine.From(entry, viewer))], next?.ToString(), totals.Count,
                new(totals.Charge, totals.Corrections, viewer == Viewer.Platform ? totals.ProviderCost : null), state.Org.TimeZone, asOf),
            MeteringJson.Default.UsagePageBody);
    }

    private static async Task ExportAsync(UsageRequest request, HttpContext context, ILedger ledger, IEnumerable<IUsageExport> exports)
    {
        var export = exports.FirstOrDefault(export => export.Format == request.Format)
            ?? throw new ApiRefusedException(
                ApiError.ParameterInvalid, $"The format is {string.Join(", ", exports.Select(export => export.Format))} or json.");
        if (Caller.Of(context).IsPlatform)
        {
            await ledger.RecordActionAsync(
                AdminCalls.Of(context), request.Filter.Org, new() { ["query"] = Inputs.Shown(context.Request.QueryString.Value) });
        }

        await export.WriteAsync(context, request);
    }
}
