using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Tenancy;

/// <summary>The identity behind a request: the platform by a token with a role, or an org by one of its keys.</summary>
/// <param name="Org">Null: the platform.</param>
/// <param name="Role">Null: an org.</param>
/// <param name="TokenId">The public id of the token or key, never its secret.</param>
/// <param name="Spender">The org's key with its prices; null: the platform.</param>
internal sealed record Caller(string? Org, AdminRole? Role, string TokenId, Spender? Spender = null)
{
    private const string RootToken = "admin";

    /// <summary>The bearer of the configured admin token.</summary>
    public static Caller Root { get; } = new(Org: null, AdminRole.Admin, RootToken);

    /// <summary>Who holds the token or key: tokens with the same name belong to the same person. Without a name the id is all that is known.</summary>
    public string Person { get; init; } = TokenId;

    public bool IsPlatform => Org is null;

    public ApiKey? Key => Spender?.Key;

    public Viewer Viewer => IsPlatform ? Viewer.Platform : Viewer.Tenant;

    /// <summary>The caller of a request that passed <see cref="AccessGate"/>.</summary>
    public static Caller Of(HttpContext context) => (Caller)context.Items[typeof(Caller)]!;

    public void StoreIn(HttpContext context) => context.Items[typeof(Caller)] = this;
}
