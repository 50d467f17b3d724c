using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Invoicing.Shared;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing.Shared;

/// <summary>Shared costs: a cluster's or platform's cost split over tenants, shown or charged.</summary>
internal static class SharedCostEndpoints
{
    private const long Billion = 1_000_000_000;

    public static void MapSharedCosts(this IEndpointRouteBuilder api)
    {
        api.MapGet("/shared-costs", List).Allow(Access.EveryRole);
        api.MapPost("/shared-costs", SplitAsync).Allow(Access.Roles(AdminRole.Finance));
    }

    /// <summary>Every split that was charged, by name and window.</summary>
    private static async Task<IResult> List(HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context);
        var (asOf, items) = (ledger.Read.AsOf, new List<SharedCostBody>());
        await foreach (var row in ledger.Read.AllRecordsAsync(RecordKind.SharedCost, "", context.RequestAborted)) items.Add(SharedCostCharges.Parse(row.Body));
        return Answer.Ok(new SharedCostListBody(items, asOf), SharedCostJson.Default.SharedCostListBody);
    }

    private static async Task<IResult> SplitAsync(HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        var body = await Inputs.BodyAsync(context, SharedCostJson.Default.SplitSharedCostBody);
        var (request, call) = (SharedCostRequest.Of(body, ledger), AdminCalls.Of(context));
        var reason = body.Charge ? Inputs.Reason(body.Reason) : null;
        if (body.Charge && request.To > Instant.From(time.GetUtcNow()))
        {
            throw SharedCostRequest.Refused($"The window {request.Window} is not over: usage of it can still come. Show the split now, and charge it later.");
        }

        var charges = new SharedCostCharges(ledger);
        var recorded = body.Charge ? await charges.RecordedAsync(request, context.RequestAborted) : null;
        var split = await ReadAsync(request, reason, ledger, context.RequestAborted);
        if (body.Charge) return Answer.Made(isNew: true, await charges.ChargeAsync(request, split, recorded, call), SharedCostJson.Default.SharedCostBody);
        call.MarkRecorded("Nothing changes.");
        return Answer.Ok(split, SharedCostJson.Default.SharedCostBody);
    }

    private static async Task<SharedCostBody> ReadAsync(SharedCostRequest request, string? reason, ILedger ledger, CancellationToken cancellationToken)
    {
        var asOf = ledger.Read.AsOf;
        var weights = await SharedCostWeights.ReadAsync(request, ledger.Read, cancellationToken);
        if (SharedCostSplit.Validate(request.Method, request.Costs, weights) is { } flaw) throw SharedCostRequest.Refused(flaw);
        var lines = SharedCostSplit.Of(request.Method, request.Costs, weights);
        var whole = request.Method == SharedCostMethod.Fixed
            ? SharedCostSplit.FixedWhole : lines.Aggregate(Int128.Zero, static (sum, line) => sum + line.Weight);
        return new(
            request.Name, request.Window, request.From.ToString(), request.To.ToString(), request.Asset, request.Method.Id, request.Method.Unit,
            request.Costs.Sum(cost => cost.Cost), [.. request.Costs.Select(cost => new SharedCostItemBody(SnakeCase.Of(cost.Kind), cost.Name, cost.Cost))],
            [.. lines.Zip(Shares(lines, whole), Body)], reason, asOf);
    }

    /// <summary>In billionths, so that the shares of all weights sum to exactly one.</summary>
    private static Int128[] Shares(IReadOnlyList<SharedCostLine> lines, Int128 whole)
    {
        if (whole == 0) return new Int128[lines.Count];
        List<Int128> weights = [.. lines.Select(line => line.Weight)];
        var rest = whole - weights.Aggregate(Int128.Zero, static (sum, weight) => sum + weight);
        return LargestRemainder.Share(Billion, [.. weights.Append(rest).Select(weight => weight * Billion)], whole);
    }

    private static SharedCostLineBody Body(SharedCostLine line, Int128 share) => new(
        line.Org is null ? SnakeCase.Of(line.Kind) : "tenant", line.Org, line.Weight, line.Org is null ? null : (decimal)share / Billion, line.Amount, "shown");
}
