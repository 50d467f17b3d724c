using Microsoft.AspNetCore.Http;
using Tieout.Core.Money;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>One request with all that is known of it, whatever attempts it takes.</summary>
/// <param name="Body">Valid as long as the request is.</param>
/// <param name="Routes">The configuration it began with, and ends with.</param>
/// <param name="Permit">Its place within the limits.</param>
/// <param name="Query">Of the query, what goes on to the provider.</param>
/// <param name="Binding">Where it may go because of what it names.</param>
internal sealed record GatewayCall(
    HttpContext Context, Dialects.Endpoint Endpoint, GatewayCaller Caller, Dialects.GatewayRequest Request, RequestBody Body, Routes Routes, Permit Permit, UpstreamBinding Binding, string Query)
{
    /// <summary>What all its attempts have been charged so far.</summary>
    public Amount Spent { get; set; }

    /// <summary>To what the output of an answer was lowered, because there was no more left for it; null: it was not.</summary>
    public long? OutputTokensMax { get; set; }

    public Task RefuseAsync(GatewayRefusal refusal) => Endpoint.Dialect.RefuseAsync(Context, refusal);

    /// <inheritdoc cref="Dialects.Dialect.RefuseAsync(HttpContext, ApiError, string?, string?)"/>
    public Task RefuseAsync(ApiError error, string? message = null) => Endpoint.Dialect.RefuseAsync(Context, error, message);
}
