using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Server.Errors;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>The one gate in front of every endpoint: identifies the caller once and enforces the endpoint's <see cref="Access"/>. An endpoint without a policy
/// is closed.</summary>
internal sealed class AccessGate(RequestDelegate next, Credentials credentials, RefusedCalls refused, KeyUseRecorder uses)
{
    public Task InvokeAsync(HttpContext context)
    {
        // Addresses without a route, and methods that a route does not have, are answered by routing itself.
        if (context.GetEndpoint() is not RouteEndpoint endpoint) return next(context);
        var protocol = endpoint.Metadata.GetMetadata<AccessProtocol>() ?? ApiProtocol.Instance;
        if (endpoint.Metadata.GetMetadata<Access>() is not { } access)
        {
            return RefuseAsync(context, protocol, new(ApiError.Forbidden, "The endpoint has no access policy."), caller: null);
        }

        if (access.IsAnonymous) return next(context);
        Caller? caller = null;
        AccessRefusal? refusal;
        try
        {
            refusal = Identify(context, protocol, out caller) ?? access.Refuse(caller!, context.GetRouteValue("org") as string);
        }
        catch (StoreUnavailableException)
        {
            refusal = new(ApiError.StoreUnavailable, "The server cannot read its keys now. Try again.");
        }

        if (caller is not null && context.Features.Get<LogIds>() is { } ids) (ids.Org, ids.Token) = (caller.Org, caller.TokenId);
        if (refusal is not null) return RefuseAsync(context, protocol, refusal, caller);
        if (caller!.Spender is { } spender) uses.Note(spender);
        caller.StoreIn(context);
        return next(context);
    }

    private AccessRefusal? Identify(HttpContext context, AccessProtocol protocol, out Caller? caller)
    {
        caller = null;
        return protocol.Secret(context.Request) is { } secret
            ? credentials.Identify(secret, context.Connection.RemoteIpAddress, protocol.Unidentified, out caller)
            : new(protocol.Unidentified, protocol.HowToIdentify(context.Request));
    }

    /// <summary>Every refusal of the gate passes here.</summary>
    private async Task RefuseAsync(HttpContext context, AccessProtocol protocol, AccessRefusal refusal, Caller? caller)
    {
        if (RefusedCalls.Concerns(context.Request, protocol, caller))
        {
            await refused.RecordAsync(AdminCalls.Refused(context, caller), refusal.Error, context.RequestAborted);
        }

        if (refusal.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        await protocol.RefuseAsync(context, refusal.Error, refusal.Detail);
    }
}
