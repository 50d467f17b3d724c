using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Metering;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Tracing;

/// <summary>An operation with all its attempts: what was held, used and charged for each.</summary>
/// <param name="Settled">No attempt is in flight any more: the figures are final.</param>
/// <param name="Charge">Σ charges of the attempts.</param>
/// <param name="Lineage">What happened to each envelope of the operation, oldest first; empty: it had none.</param>
/// <param name="ProviderCost">Σ of what the providers take; null: a tenant reads.</param>
public sealed record OperationBody(
    string OperationId, string Org, string Asset, bool Settled, Amount Charge, IReadOnlyList<AttemptBody> Attempts, IReadOnlyList<LineageBody> Lineage,
    long AsOf, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Amount? ProviderCost = null);

/// <param name="Provider">The upstream that was asked; so for an attempt that never reached it.</param>
/// <param name="TriggerType">Why it was made: <c>retry</c> and <c>fallback</c> for those after the first, else as its client said.</param>
/// <param name="StatusCode">The provider's; 0: it gave no answer; null: in flight, or it was never reached.</param>
/// <param name="Hold">Null: it was charged without a hold.</param>
/// <param name="Usage">Null: in flight, released or expired.</param>
public sealed record AttemptBody(
    string Id, string? Provider, string? Model, string? TriggerType, int? AttemptNo, int? StatusCode, string? StartedAt, int? DurationMs, HoldBody? Hold,
    UsageLine? Usage);

/// <summary>Lineage: from an operation's id to every attempt, hold, usage record and charge.</summary>
internal static class OperationEndpoints
{
    public static void MapOperations(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/operations/{**id}",
            (string org, string id, HttpContext context, ILedger ledger, EnvelopeKeys keys) => Get([Inputs.Org(ledger, org)], id, context, ledger, keys)).Allow(
                Access.Tenant(KeyScope.ReadUsage).OrEveryRole());
        api.MapGet("/operations/{**id}",
            (string id, HttpContext context, ILedger ledger, EnvelopeKeys keys) => Get(Visible(context, ledger), id, context, ledger, keys)).Allow(
                Access.Tenant(KeyScope.ReadUsage).OrEveryRole());
    }

    /// <summary>The caller's org, or all of them: operation ids are unique within an org only, so the first that has it answers.</summary>
    private static IEnumerable<OrgState> Visible(HttpContext context, ILedger ledger) =>
        Caller.Of(context).Org is { } own ? [Inputs.Org(ledger, own)] : ledger.Read.Orgs.OrderBy(org => org.Org.Id, StringComparer.Ordinal);

    private static async Task<IResult> Get(IEnumerable<OrgState> orgs, string id, HttpContext context, ILedger ledger, EnvelopeKeys keys)
    {
        var asOf = ledger.Read.AsOf;
        foreach (var org in orgs)
        {
            var attempts = await ledger.Read.OperationAsync(org.Org.Id, id, context.RequestAborted);
            if (attempts.Count == 0) continue;
            var lineage = LineageBody.From(await ledger.Read.LineageAsync(org.Org.Id, id, context.RequestAborted), keys.Ring);
            return Answer.Ok(Body(org.Org, id, attempts, lineage, asOf, Caller.Of(context).Viewer), TraceJson.Default.OperationBody);
        }

        throw new ApiRefusedException(ApiError.OperationNotFound, $"The ledger has no attempt of the operation '{Inputs.Shown(id)}'.");
    }

    private static OperationBody Body(Org org, string id, IReadOnlyList<Attempt> attempts, IReadOnlyList<LineageBody> lineage, long asOf, Viewer viewer)
    {
        var (charge, cost) = (Amount.Zero, Amount.Zero);
        foreach (var attempt in attempts)
        {
            charge += attempt.Usage?.Charge ?? Amount.Zero;
            cost += attempt.Usage?.ProviderCost ?? Amount.Zero;
        }

        var settled = attempts.All(attempt => attempt.Hold is null || attempt.State != HoldState.Open);
        var numbers = lineage.SelectMany(issuance => issuance.Steps).ToLookup(step => step.Id, step => step.AttemptNo, StringComparer.Ordinal);
        return new(id, org.Id, org.Asset, settled, charge, [.. attempts.Select(attempt => Body(attempt, numbers, viewer))], lineage, asOf,
            viewer == Viewer.Platform ? cost : null);
    }

    /// <param name="numbers">Of attempts under an envelope, those also that came to no usage.</param>
    private static AttemptBody Body(Attempt attempt, ILookup<string, int> numbers, Viewer viewer)
    {
        var usage = attempt.Usage?.Usage;
        var labels = usage?.Labels ?? attempt.Hold?.Scope;
        var id = (usage?.Id ?? attempt.Hold!.Id).ToString();
        var number = usage?.AttemptNo ?? (numbers.Contains(id) ? numbers[id].First() : null as int?);
        return new(
            id, labels?.Provider, labels?.Model, labels?.Trigger, number, usage?.StatusCode,
            (usage?.OccurredAt ?? attempt.Hold?.HeldAt)?.ToString(), usage?.DurationMs,
            attempt.Hold is { } hold ? HoldBody.From(hold, attempt.State, endedAt: null) : null,
            attempt.Usage is { } row ? UsageLine.From(row, viewer) : null);
    }
}
