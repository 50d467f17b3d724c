using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <param name="NextCursor">Pass it on as <c>cursor</c> for the next page; null: this is the last.</param>
/// <param name="TimeZone">In which days in <c>from</c> and <c>to</c> were cut.</param>
public sealed record UsagePageBody(string Org, string Asset, IReadOnlyList<UsageLine> Items, string? NextCursor, string TimeZone, long AsOf);

/// <summary>Usage records: pages as JSON, or every row that the filter matches as an <see cref="IUsageExport"/>.</summary>
internal static class UsageEndpoints
{
    public static void MapUsage(this IEndpointRouteBuilder api) => api.MapGet("/orgs/{org}/usage", List).Allow(Access.Tenant(KeyScope.ReadUsage).OrEveryRole());

    private static async Task<IResult> List(string org, HttpContext context, ILedger ledger, IEnumerable<IUsageExport> exports)
    {
        Inputs.OnlyQuery(context, "from", "to", "operation", "correlation", "project", "team", "key", "user", "feature", "model", "source", "app_instance",
            "format", "issuer", "limit", "cursor");
        var asOf = ledger.Read.AsOf;
        var (state, viewer) = (Inputs.Org(ledger, org), Caller.Of(context).Viewer);
        var filter = Filter(context, state);
        if (Inputs.Query(context, "format") is { } format and not "json")
        {
            var export = exports.FirstOrDefault(export => export.Format == format)
                ?? throw new ApiRefusedException(
                    ApiError.ParameterInvalid, $"The format is {string.Join(", ", exports.Select(export => export.Format))} or json.");
            if (Caller.Of(context).IsPlatform)
            {
                await ledger.RecordActionAsync(AdminCalls.Of(context), org, new() { ["query"] = Inputs.Shown(context.Request.QueryString.Value) });
            }

            await export.WriteAsync(context, state, filter);
            return TypedResults.Empty;
        }

        var limit = Inputs.Limit(context);
        var items = new List<UsageLine>(limit);
        var more = false;
        await foreach (var row in ledger.Read.UsageAsync(filter with { After = Inputs.Cursor(context), Limit = limit + 1 }, context.RequestAborted))
        {
            more = items.Count == limit;
            if (more) break;
            items.Add(UsageLine.From(row, viewer));
        }

        var next = more ? items[^1].Seq.ToString(CultureInfo.InvariantCulture) : null;
        return Answer.Ok(new UsagePageBody(org, state.Org.Asset, items, next, state.Org.TimeZone, asOf), MeteringJson.Default.UsagePageBody);
    }

    private static UsageFilter Filter(HttpContext context, OrgState org)
    {
        var from = Inputs.Query(context, "from") is { } start ? Inputs.Time(start, org.Zone) : Instant.UnixEpoch;
        var to = Inputs.Query(context, "to") is { } end ? Inputs.Time(end, org.Zone) : Instant.EndOfTime;
        if (to < from) throw new ApiRefusedException(ApiError.ParameterInvalid, "The range ends before it begins.");
        var source = Inputs.Query(context, "source") is { } named
            ? Enum.GetValues<UsageSource>().Select(value => (UsageSource?)value).FirstOrDefault(value => SnakeCase.Of(value!.Value) == named)
                ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "The source of usage is gateway, allocation, app_runtime, tool_call or import.")
            : (UsageSource?)null;
        return new(
            org.Org.Id, from, to, Inputs.Query(context, "operation"), Inputs.Query(context, "correlation"), Inputs.Query(context, "project"),
            Inputs.Query(context, "team"), Inputs.Query(context, "key"), Inputs.Query(context, "user"), Inputs.Query(context, "feature"),
            Inputs.Query(context, "model"),
            Source: source, AppInstance: Inputs.Query(context, "app_instance"));
    }
}
