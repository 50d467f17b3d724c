using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Money;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>One request that passed the guardrails, with every fact that its attempts share.</summary>
/// <param name="Body">Valid as long as the request is.</param>
/// <param name="Query">The part of the query that goes on to the provider.</param>
/// <param name="Routes">The configuration that the request began with. It ends with the same.</param>
/// <param name="Route">Upstreams of the model.</param>
/// <param name="Permit">Its place within the limits.</param>
internal sealed record GatewayCall(
    HttpContext Context, Dialects.Endpoint Endpoint, GatewayCaller Caller, Dialects.GatewayRequest Request, RequestBody Body, string Query, Routes Routes,
    Route Route, Permit Permit)
{
    /// <summary>Upstreams that have what the request names. Any, unless it names something.</summary>
    public UpstreamBinding Binding { get; set; }

    /// <summary>The first upstream in the dialect of the request that has what the request names; null: there is none.</summary>
    public Target? FirstTarget => Route.First(Endpoint.Dialect.Spoken, Binding);

    /// <summary>Sum of the charges of all its attempts so far.</summary>
    public Amount Spent { get; set; }

    /// <summary>The mitigations of the org.</summary>
    public ImmutableArray<StandingMitigation> Mitigations { get; init; } = [];

    /// <summary>The limit of output tokens that a mitigation sets for every attempt; null: none does.</summary>
    public long? OutputTokensCap { get; init; }

    /// <summary>A mitigation cut the beginning of the conversation off; <see cref="Body"/> and <see cref="Request"/> are the shorter ones.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>The limit that a clamp wrote over the request's own; null: the current attempt is not clamped.</summary>
    public long? OutputTokensMax { get; set; }

    /// <summary>Sends the client's bytes to an upstream, unchanged except for what <see cref="Dialects.Endpoint.Rewrite"/> changes. Returns with the head of
    /// the answer.</summary>
    public ValueTask<UpstreamAnswer> SendAsync(Target target, CancellationToken cancellationToken)
    {
        var outgoing = Endpoint.Rewrite(Body.Span, Request, target, OutputTokensMax);
        var path = Endpoint.PathAt(Request, target) + Query;
        return target.Upstream.SendAsync(
            Caller.Spender.Key.Org, HttpMethod.Post, path, outgoing, Context.Request.Headers, cancellationToken, Request.Form?.ContentType);
    }

    public Task RefuseAsync(GatewayRefusal refusal) => Endpoint.Dialect.RefuseAsync(Context, refusal);

    /// <inheritdoc cref="Dialects.Dialect.RefuseAsync(HttpContext, ApiError, string?, string?)"/>
    public Task RefuseAsync(ApiError error, string? message = null) => Endpoint.Dialect.RefuseAsync(Context, error, message);
}
