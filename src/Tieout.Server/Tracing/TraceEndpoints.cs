using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Invoicing;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Tracing;

/// <summary>Correlation-first: from one id to all that came of it.</summary>
internal static class TraceEndpoints
{
    public static void MapTraces(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/trace/{**id}",
            (string org, string id, HttpContext context, CostTraces traces, RefusedTraces refused) => Get([org], id, context, traces, refused)).Allow(
                Access.Tenant(KeyScope.ReadUsage).OrEveryRole());
        api.MapGet("/trace/{**id}",
            (string id, HttpContext context, ILedger ledger, CostTraces traces,
                RefusedTraces refused) => Get(Visible(context, ledger), id, context, traces, refused)).Allow(Access.Tenant(KeyScope.ReadUsage).OrEveryRole());
    }

    /// <summary>Ids are unique within an org only, so the first org that has it answers.</summary>
    private static IReadOnlyList<string> Visible(HttpContext context, ILedger ledger) =>
        Caller.Of(context).Org is { } own ? [own] : [.. ledger.Read.Orgs.Select(org => org.Org.Id).Order(StringComparer.Ordinal)];

    private static async Task<IResult> Get(IReadOnlyList<string> orgs, string id, HttpContext context, CostTraces traces, RefusedTraces refused)
    {
        Inputs.OnlyQuery(context);
        foreach (var org in orgs)
        {
            if (await traces.FindAsync(org, id, Caller.Of(context).Viewer, context.RequestAborted) is { } found)
            {
                return Answer.Ok(RefusedTraces.AddTo(found, await refused.FindAsync(org, id, context.RequestAborted)), TraceJson.Default.TraceBody);
            }
        }

        // Requests of strangers and of the platform's own people belong to no org: only the platform sees them.
        foreach (var org in Caller.Of(context).IsPlatform && context.GetRouteValue("org") is null ? [.. orgs, ""] : orgs)
        {
            if (await refused.FindAsync(org, id, context.RequestAborted) is { Count: > 0 } rows)
            {
                return Answer.Ok(refused.Body(id, org, rows), TraceJson.Default.TraceBody);
            }
        }

        throw new ApiRefusedException(
            ApiError.TraceNotFound,
            $"No record has '{Inputs.Shown(id)}' as its correlation, operation or usage id. Find a refused request by its correlation id for a day, an open hold by its operation.");
    }
}

/// <summary>Finds what came of an id.</summary>
internal sealed class CostTraces(ILedger ledger, EnvelopeKeys keys, TimeProvider time)
{
    /// <summary>An id may be shared by any number of operations; a person reads so many.</summary>
    private const int OperationsMax = 50;

    private const int AttemptsMax = 200;

    /// <returns>Null: the org has nothing of it.</returns>
    /// <exception cref="ApiRefusedException">There is no such org.</exception>
    public async Task<TraceBody?> FindAsync(string orgId, string id, Viewer viewer, CancellationToken cancellationToken)
    {
        var (org, asOf) = (Inputs.Org(ledger, orgId), ledger.Read.AsOf);
        var (foundAs, operations, attempts, truncated) = await AttemptsAsync(orgId, id, cancellationToken);
        if (attempts.Count == 0) return null;

        var steps = new TraceSteps(ledger.Read, org, await new InvoiceNumbering(ledger, time).InvoicesAsync(orgId, cancellationToken), viewer);
        foreach (var attempt in attempts) steps.Attempt(attempt, await ledger.Read.RecordsAsync(orgId, attempt, cancellationToken));
        foreach (var message in steps.Messages)
        {
            foreach (var delivery in await ledger.Deliveries.ListAsync(new(orgId, Seq: message), cancellationToken)) steps.Delivery(delivery);
        }

        List<LineageEntry> lineage = [];
        foreach (var operation in operations) lineage.AddRange(await ledger.Read.LineageAsync(orgId, operation, cancellationToken));
        foreach (var entry in lineage) steps.Envelope(entry);

        var settled = attempts.All(attempt => attempt.Hold is null || attempt.State != HoldState.Open);
        return new(
            id, foundAs, orgId, org.Org.Asset, Distinct(attempts, usage => usage.CorrelationId), Distinct(attempts, usage => usage.TraceId), operations,
            settled, steps.Charge,
            LineageBody.From(lineage, keys.Ring), steps.InOrder, truncated, asOf);
    }

    private async Task<(string FoundAs, IReadOnlyList<string> Operations, IReadOnlyList<Attempt> Attempts, bool Truncated)> AttemptsAsync(
        string org, string id, CancellationToken cancellationToken)
    {
        var read = ledger.Read;
        if (Guid.TryParseExact(id, "D", out var guid) && await read.AttemptAsync(org, new(guid), cancellationToken) is { } one)
        {
            return ("usage_id", [one.Usage?.Usage.OperationId ?? one.Hold!.OperationId], [one], false);
        }

        var ofOperation = await read.OperationAsync(org, id, cancellationToken);
        if (ofOperation.Count > 0) return ("operation_id", [id], [.. ofOperation.Take(AttemptsMax)], ofOperation.Count > AttemptsMax);

        // An attempt that came to no usage has no correlation id of its own, but its operation has.
        var rows = await read.CorrelatedAsync(org, id, AttemptsMax + 1, cancellationToken);
        var all = rows.Select(row => row.Usage.OperationId).Distinct(StringComparer.Ordinal).ToList();
        List<Attempt> attempts = [];
        foreach (var operation in all.Take(OperationsMax))
        {
            // An operation may be asked for in several requests: only this one's attempts, and those without usage.
            var made = await read.OperationAsync(org, operation, cancellationToken);
            attempts.AddRange(made.Where(attempt => attempt.Usage is null || attempt.Usage.Usage.CorrelationId == id));
        }

        return ("correlation_id", [.. all.Take(OperationsMax)], [.. attempts.Take(AttemptsMax)],
            rows.Count > AttemptsMax || all.Count > OperationsMax || attempts.Count > AttemptsMax);
    }

    private static List<string> Distinct(IEnumerable<Attempt> attempts, Func<UsageRecord, string?> part) =>
        [.. attempts.Select(attempt => attempt.Usage is { } row ? part(row.Usage) : null).OfType<string>().Distinct(StringComparer.Ordinal)];
}
