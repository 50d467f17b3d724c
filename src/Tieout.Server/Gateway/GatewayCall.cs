using Microsoft.AspNetCore.Http;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway;

/// <summary>One request with all that is known of it, whatever attempts it takes.</summary>
/// <param name="Body">Valid as long as the request is.</param>
internal sealed record GatewayCall(HttpContext Context, Dialects.Endpoint Endpoint, Caller Caller, Dialects.GatewayRequest Request, RequestBody Body)
{
    /// <summary>To what the output of an answer was lowered, because there was no more left for it; null: it was not.</summary>
    public long? OutputTokensMax { get; set; }

    public Task RefuseAsync(GatewayRefusal refusal) => Endpoint.Dialect.RefuseAsync(Context, refusal);

    /// <inheritdoc cref="Dialects.Dialect.RefuseAsync(HttpContext, ApiError, string?, string?)"/>
    public Task RefuseAsync(ApiError error, string? message = null) => Endpoint.Dialect.RefuseAsync(Context, error, message);
}
