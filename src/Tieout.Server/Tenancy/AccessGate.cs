using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>The one gate in front of every endpoint: identifies the caller once and enforces the endpoint's <see cref="Access"/>. An endpoint without a policy
/// is closed.</summary>
internal sealed class AccessGate(RequestDelegate next, AdminToken admin, CurrentKeys keys, GuessTable guesses, RefusedCalls refused, KeyUseRecorder uses)
{
    private const string NotKnown = "The key or token is unknown, blocked, revoked or expired.";
    private const string Mistyped = "The key or token is mistyped or cut off: its last 6 characters are not the checksum of the others. Copy it again, whole.";

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
        var request = context.Request;
        caller = null;
        if (protocol.Secret(request) is not { } secret) return new(protocol.Unidentified, protocol.HowToIdentify(request));
        var address = context.Connection.RemoteIpAddress;
        if (guesses.Wait(address, secret) is { } pause)
        {
            return new(ApiError.TooManyAttempts,
                "Too many wrong credentials with this beginning came from this address, so this one was not looked up. Try again after the time in Retry-After.", pause);
        }

        if (SecretForm.IsMistyped(secret)) return Wrong(guesses.Count(address, guess: null), protocol, Mistyped);
        Span<byte> bytes = stackalloc byte[AccessProtocol.SecretLengthMax * 3];
        if (Encoding.UTF8.TryGetBytes(secret, bytes, out var length))
        {
            var known = keys.Get();
            caller = known.Find(bytes[..length]) is { } spender ? spender.Caller
                : known.FindToken(bytes[..length]) is { } token ? new Caller(Org: null, token.Role, token.Id) { Person = token.Name ?? token.Id }
                : admin.Matches(secret) ? Caller.Root
                : null;
        }

        return caller is null ? Wrong(guesses.Count(address, secret), protocol, NotKnown) : caller.Spender?.Refuse(address);
    }

    /// <param name="wait">How long the address should wait; null: it need not.</param>
    private static AccessRefusal Wrong(TimeSpan? wait, AccessProtocol protocol, string why) => wait is null ? new(protocol.Unidentified, why)
        : new(ApiError.TooManyAttempts, $"{why} Too many wrong credentials came from this address: wait for the time in Retry-After.", wait);

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
