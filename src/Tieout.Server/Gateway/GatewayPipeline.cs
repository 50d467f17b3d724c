using Microsoft.AspNetCore.Http;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Signals;
using Tieout.Server.Gateway.Tools;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Takes one request from a client to a provider and back, in ten steps.</summary>
/// <remarks>
/// <list type="number">
/// <item><i>Identify</i>: key, org, team, project; tags from headers; an incoming envelope is verified and outranks headers; none → one is issued. Correlation
/// id and W3C trace context. <c>x-stainless-retry-count</c> &gt; 0 marks a client's retry.</item>
/// <item><i>Guardrails</i>: rate limits, mitigations in force (throttle, cap, truncate, downgrade).</item>
/// <item><i>Estimate</i> a ceiling: input from the body, output from <c>max_tokens</c> or the model's maximum, known fees; price it.</item>
/// <item><i>Hold</i> it on the account and on every budget window, in one command. Refused → 402 in the provider's own error shape, <c>x-should-retry:
/// false</c>. Policy <c>clamp</c> may lower <c>max_tokens</c> instead.</item>
/// <item><i>Forward</i> bytes unchanged except model, credentials and stream options; choose the upstream; time-outs; circuit breaker.</item>
/// <item><i>Retry or fall back</i> only while nothing was sent to the client: a new attempt with its own hold and usage record, same operation and
/// envelope.</item>
/// <item><i>Stream</i> through without buffering beyond a line; read usage as it passes.</item>
/// <item><i>Meter</i>: what the provider says it used, normalised by the reader of <i>that provider's</i> dialect into disjoint units, with tier, region and
/// tool fees (M5). None → estimated, and marked so.</item>
/// <item><i>Settle</i>: usage record, charge posting and release of the hold in one command, durable before the last bytes go out.</item>
/// <item><i>Answer</i> with <c>Tieout-*</c> headers. For streams the final figures are in the operation's resource.</item>
/// </list>
/// This class does steps 1 and 2, <see cref="AttemptLoop"/> steps 3 to 6 for each attempt, <see cref="AnswerRelay"/> steps 7 to 10 for the attempt that a
/// provider answers.
/// Each step is marked <c>step n</c> where it happens. Not built yet: the tiers and regions of step 8.
/// </remarks>
internal sealed class GatewayPipeline(
    CurrentKeys keys, Identities identities, CurrentRoutes currentRoutes, RateLimits limits, ReferenceGate references, AttemptLoop attempts, FreeForwarder free,
    ContractGate contracts, CurrentMitigations mitigations, MitigationGate gate, ContextCutter cutter, BodyTriggers triggers,
    TrafficSignals signals, TimeProvider time)
{
    public async Task AnswerAsync(HttpContext context, Dialects.Endpoint endpoint)
    {
        // step 1: identify
        var dialect = endpoint.Dialect;
        if (Identify(context, endpoint, out var caller, out var query) is { } unidentified)
        {
            await dialect.RefuseAsync(context, unidentified);
            return;
        }

        // step 2: guardrails. Limits that name no model refuse before the body is read, so that a slow body takes no place.
        var routes = currentRoutes.Get();
        var rules = endpoint.IsFree ? routes.FreeLimits : routes.Options.Limits;
        if (limits.Peek(rules, caller!.Spender.Key) is { Refusal: { } full } peeked)
        {
            peeked.WriteTo(context.Response.Headers, dialect, time);
            await dialect.RefuseAsync(context, full);
            return;
        }

        using var body = await RequestBody.ReadAsync(context);
        var reading = await endpoint.ReadAsync(context.Request, body.Memory);
        if (reading.IsRefused)
        {
            await dialect.RefuseAsync(context, reading.Refused);
            return;
        }

        var request = reading.Request;
        var guarded = Guarded(endpoint, caller, request, body, routes);
        var decision = Guardrails.Decide(guarded);
        if (decision.IsRefused)
        {
            if (decision.RefusedBy is { } by) MitigationRefusal.StopRetries(context.Response, by, by.ExpiresAt - guarded.Now);
            await dialect.RefuseAsync(context, decision.Refused);
            return;
        }

        if (!guarded.Mitigations.IsEmpty && await gate.EndsAsync(context, endpoint, caller, guarded, body.Memory)) return;
        using var shorter = cutter.Cut(context, endpoint, guarded, body);
        request = MitigationRules.Rewrite(context.Response, shorter?.Request ?? request, decision.Effect);

        using var permit = limits.Enter(rules, caller.Spender.Key, request.Model, UsageMeter.Tokens(request.TextBytes) + (request.OutputTokensMax ?? 0));
        permit.WriteTo(context.Response.Headers, dialect, time);
        if (permit.Refusal is { } tooMuch)
        {
            await dialect.RefuseAsync(context, tooMuch);
            return;
        }

        // step 1: the body that the client sent says why the request is made, where its caller does not.
        if (!endpoint.IsFree) caller = triggers.See(endpoint, caller, body, routes);
        var call = new GatewayCall(context, endpoint, caller, request, shorter?.Body ?? body, query, routes, decision.Route, permit)
        {
            Mitigations = guarded.Mitigations,
            OutputTokensCap = decision.Effect.OutputTokensMax,
            IsTruncated = shorter is not null,
        };
        if (await BindAsync(call, decision.ChecksModel) is { } foreign)
        {
            await dialect.RefuseAsync(context, foreign);
            return;
        }

        await ForwardAsync(call);
    }

    /// <summary>Steps 3 to 10. Free calls make no usage that anybody would join.</summary>
    private Task ForwardAsync(GatewayCall call)
    {
        if (call.Endpoint.IsFree) return free.AnswerAsync(call, call.FirstTarget!);
        if (contracts.Refuse(call) is { } broken) return call.RefuseAsync(broken);
        signals.See(call.Caller, call.Context.Request.Headers);
        return attempts.AnswerAsync(call);
    }

    private GuardedCall Guarded(
        Dialects.Endpoint endpoint, GatewayCaller caller, Dialects.GatewayRequest request, in RequestBody body, Routes routes)
    {
        var call = new GuardedCall(caller.Spender, endpoint.Scope, endpoint.Dialect.Spoken, request, routes);

        // Free calls cost nothing.
        if (endpoint.IsFree || mitigations.Get().Of(caller.Spender.Key.Org) is not { IsEmpty: false } standing) return call;
        var asked = caller.Asked(request);

        // step 1: the body is read for its trigger only where a mitigation asks.
        foreach (var each in standing)
        {
            if (!each.LooksAtTrigger) continue;
            asked = asked with { Trigger = triggers.Peek(endpoint, caller, body, routes) };
            break;
        }

        return call with { Mitigations = standing, Asked = asked, Now = time.GetUtcNow() };
    }

    /// <param name="caller">Set unless the request is refused.</param>
    /// <param name="query">The part of the query that goes on to the provider.</param>
    private GatewayRefusal? Identify(HttpContext context, Dialects.Endpoint endpoint, out GatewayCaller? caller, out string query)
    {
        query = "";
        return GatewayCaller.Read(context, keys.Get(), identities, out caller) ?? endpoint.Query.Read(context.Request.QueryString, out query);
    }

    /// <summary>Objects that a request names at a provider must be the org's own, and bind the request to where they are. The ledger knows them, so this part
    /// of step 2 is no pure decision.</summary>
    /// <param name="checksModel">The model asked for is such an object, too.</param>
    private async ValueTask<GatewayRefusal?> BindAsync(GatewayCall call, bool checksModel)
    {
        var (endpoint, model) = (call.Endpoint, call.Request.Model);
        if (endpoint.ReadReferences(call.Body.Span, out var named) is { } malformed) return malformed;
        if (ReferenceEquals(named, RequestReferences.None) && !checksModel) return null;
        var check = await references.CheckAsync(call.Caller, call.Routes, endpoint.Dialect.Spoken, endpoint.Scope, model, named, call.Context.RequestAborted);
        if (check.Refused is not null) return check.Refused;
        call.Binding = check.Binding;
        return call.FirstTarget is null
            ? new(ApiError.ParameterInvalid, $"The model '{model}' is not served by the provider that has what the request names.", "model") : null;
    }
}
