using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Tenancy;

/// <summary>The policy of one endpoint: who may call it. Part of the endpoint's metadata; <see cref="AccessGate"/> enforces it at every door.</summary>
/// <remarks>The role admin is in every set of roles.</remarks>
internal sealed record Access
{
    private static readonly ImmutableArray<AdminRole> Admin = [AdminRole.Admin];

    private Access() { }

    /// <summary>No credential is asked for.</summary>
    public static Access Anonymous { get; } = new() { IsAnonymous = true };

    /// <summary>Every role, and no key.</summary>
    public static Access EveryRole { get; } = new() { AllowedRoles = [.. Enum.GetValues<AdminRole>()] };

    /// <summary>Every key of an org, whatever its scopes.</summary>
    public static Access AnyTenant { get; } = new() { AllowsTenants = true };

    public bool IsAnonymous { get; private init; }

    public ImmutableArray<AdminRole> AllowedRoles { get; private init; } = [];

    public bool AllowsTenants { get; private init; }

    /// <summary>The scope that a key needs; null: none.</summary>
    public KeyScope? Scope { get; private init; }

    /// <summary>Admins and the roles named, and no key.</summary>
    public static Access Roles(params ReadOnlySpan<AdminRole> roles) => new() { AllowedRoles = [.. roles, .. Admin] };

    /// <summary>Keys of an org with the scope, for that org only.</summary>
    public static Access Tenant(KeyScope scope) => new() { AllowsTenants = true, Scope = scope };

    /// <summary>Also admins and the roles named.</summary>
    public Access OrRoles(params ReadOnlySpan<AdminRole> roles) => this with { AllowedRoles = [.. roles, .. Admin] };

    public Access OrEveryRole() => this with { AllowedRoles = EveryRole.AllowedRoles };

    /// <summary>Why the caller may not call; null: it may.</summary>
    /// <param name="org">The org in the address; null: the address names none, and the endpoint keeps a key to its own org.</param>
    public AccessRefusal? Refuse(Caller caller, string? org)
    {
        if (caller.Role is { } role)
        {
            if (AllowedRoles.Contains(role)) return null;
            return new(ApiError.Forbidden, AllowedRoles.IsEmpty
                ? "A token of the platform spends for no org: send a key of an org."
                : $"The role {Name(role)} may not do this. Use a token with the role {string.Join(" or ", AllowedRoles.Select(Name))}.");
        }

        // Before anything else, so that another org's address looks the same as one that does not exist.
        if (org is not null && org != caller.Org) return new(ApiError.OrgNotFound, $"The org '{Inputs.Shown(org)}' does not exist.");
        if (!AllowsTenants) return new(ApiError.Forbidden, "A key of an org may not do this: it takes a token of the platform.");
        return Scope is null ? null : caller.Spender!.Refuse(Scope);
    }

    private static string Name(AdminRole role) => role.ToString().ToLowerInvariant();
}

/// <param name="Detail">One sentence for this request; secrets never.</param>
/// <param name="RetryAfter">How long the caller must wait; null: it need not.</param>
internal sealed record AccessRefusal(ApiError Error, string Detail, TimeSpan? RetryAfter = null);

internal static class AccessRoutes
{
    /// <summary>Gives the endpoint its policy. The server does not start with an endpoint that has none.</summary>
    /// <param name="protocol">Null: that of the API.</param>
    public static TBuilder Allow<TBuilder>(this TBuilder route, Access access, AccessProtocol? protocol = null)
        where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(access, protocol ?? ApiProtocol.Instance);
}
