using Microsoft.AspNetCore.Http;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Access in a provider's own form: the key where its clients send it, and errors that its clients can read.</summary>
/// <param name="dialect">Null: several dialects share the address, and the request shows which one it uses.</param>
internal sealed class GatewayProtocol(Dialect? dialect) : AccessProtocol
{
    public override ApiError Unidentified => ApiError.InvalidApiKey;

    public override string? Secret(HttpRequest request) => Of(request).Secret(request);

    public override string HowToIdentify(HttpRequest request) =>
        $"You did not provide an API key: send it in the header {Of(request).KeyHeader}: {Of(request).KeyPrefix}KEY.";

    public override Task RefuseAsync(HttpContext context, ApiError error, string? detail) => Of(context.Request).RefuseAsync(context, error, detail);

    private Dialect Of(HttpRequest request) => dialect ?? Dialect.Asking(request);
}
