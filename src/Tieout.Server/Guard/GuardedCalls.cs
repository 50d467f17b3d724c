using Microsoft.AspNetCore.Http;
using Tieout.Core.Attribution;
using Tieout.Core.Guard;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Guard;

/// <summary>Stands before every endpoint that is <see cref="Irreversible"/>: Tieout's own actions pass the guard as those of other services do (G1).</summary>
internal sealed class GuardedCalls(CurrentGuard guard, GuardGate gate, ILedger ledger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;

        // What no policy names leaves no decision: its audit record says that it was done.
        if (http.GetEndpoint()?.Metadata.GetMetadata<Irreversible>() is { } mark && guard.Terms.PolicyOf(mark.Action) is { Mode: not GuardMode.Off })
        {
            await AskAsync(http, mark);
        }

        return await next(context);
    }

    /// <exception cref="ApiRefusedException">The action is blocked.</exception>
    private async Task AskAsync(HttpContext http, Irreversible mark)
    {
        var caller = Caller.Of(http);
        var org = http.Request.RouteValues["org"] as string ?? Inputs.Query(http, "org");
        var id = mark.RouteValue is { } value ? http.Request.RouteValues[value] as string : null;
        var envelopes = http.Request.Headers[Envelope.Header];
        if (envelopes.Count > 1) throw new ApiRefusedException(ApiError.GuardBlocked, $"The request has {envelopes.Count} envelopes. Send one.");
        var decision = await gate.DecideAsync(
            new(mark.Action, new(mark.Resource, id ?? "in-body", org)), envelopes.Count == 1 ? envelopes[0] : null, caller.Key, caller.TokenId,
            record => ledger.SubmitAsync(record, http.RequestAborted).AsTask(), http.RequestAborted);
        if (decision.Outcome != SnakeCase.Of(GuardOutcome.Block)) return;
        var filed = org is not null && ledger.Read.Org(org) is not null ? org : "";
        if (caller.IsPlatform) await ledger.RecordActionAsync(AdminCalls.Of(http), filed, result: "refused:guard_blocked");
        throw new ApiRefusedException(ApiError.GuardBlocked, GuardWords.Detail(decision));
    }
}
