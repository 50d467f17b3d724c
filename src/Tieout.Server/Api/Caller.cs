using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Api;

/// <summary>Who asks: the platform (by a token with a role), or an org through one of its own keys, which may read that org and nothing else.</summary>
/// <param name="Org">Null: the platform.</param>
/// <param name="Role">What the platform's token may do.</param>
/// <param name="TokenId">Names the token or key, and is no secret.</param>
/// <param name="Key">Null: the platform.</param>
internal sealed record Caller(string? Org, AdminRole Role, string TokenId, ApiKey? Key = null)
{
    private const string RootToken = "admin";

    private const string Scheme = "Bearer ";

    public bool IsPlatform => Org is null;

    /// <exception cref="ApiRefusedException">No credential, or one that is not known.</exception>
    public static Caller Identify(HttpContext context, AdminToken admin, CurrentKeys keys)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) throw new ApiRefusedException(ApiError.Unauthorized, "Send the admin token, or a key of the org, as 'Authorization: Bearer ...'.");
        var token = header[Scheme.Length..].Trim();
        if (admin.Matches(token)) return new Caller(Org: null, AdminRole.Admin, RootToken);
        var (secret, known) = (Encoding.UTF8.GetBytes(token), keys.Get());
        if (known.FindToken(secret) is { } found) return new Caller(Org: null, found.Role, found.Id);
        if (known.Find(secret) is { } spender) return new Caller(spender.Key.Org, AdminRole.Viewer, spender.Key.Id, spender.Key);
        throw new ApiRefusedException(ApiError.Unauthorized, "The token is neither a token of the platform nor a key in use.");
    }

    /// <summary>Who was let in.</summary>
    public static Caller Of(HttpContext context) => (Caller)context.Items[typeof(Caller)]!;

    /// <exception cref="ApiRefusedException">The caller is an org: 404 for what is another's, so that names cannot be probed; 403 for what only the platform may do. Or the token's role may not do it: 403.</exception>
    public void Authorize(HttpContext context)
    {
        if (IsPlatform)
        {
            var pattern = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";
            if (Permissions.Allows(Role, context.Request.Method, pattern)) return;
            throw new ApiRefusedException(ApiError.Forbidden, $"The role {TokenEndpoints.Name(Role)} may not do this.");
        }

        var asked = context.GetRouteValue("org") as string;
        if (asked is not null && asked != Org) throw new ApiRefusedException(ApiError.OrgNotFound, $"There is no org '{Inputs.Shown(asked)}'.");
        var marks = context.GetEndpoint()?.Metadata;
        if (marks?.GetMetadata<TenantCallable>() is not null) return;
        var readable = HttpMethods.IsGet(context.Request.Method) && marks?.GetMetadata<TenantReadable>() is not null;
        if (!readable) throw new ApiRefusedException(ApiError.Forbidden, "A key may only read its own org's balance, usage, budgets, operations, invoices and costs; the rest needs the admin token.");
    }
}

/// <summary>Marks what an org's own key may read.</summary>
internal sealed record TenantReadable
{
    public static readonly TenantReadable Mark = new();
}

/// <summary>Marks what an org's own key may call; the endpoint itself keeps it to that org.</summary>
internal sealed record TenantCallable
{
    public static readonly TenantCallable Mark = new();
}
