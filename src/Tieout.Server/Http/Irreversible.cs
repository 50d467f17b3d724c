using Microsoft.AspNetCore.Builder;

namespace Tieout.Server.Http;

/// <summary>Marks an endpoint whose action nobody can undo, so that a guard policy can name it (G1).</summary>
/// <param name="Action">For example <c>tieout.token.revoke</c>.</param>
/// <param name="Resource">The kind of resource.</param>
/// <param name="RouteValue">The part of the address that names the resource; null: the body names it.</param>
internal sealed record Irreversible(string Action, string Resource, string? RouteValue);

internal static class IrreversibleRoutes
{
    /// <inheritdoc cref="Irreversible"/>
    public static TBuilder Irreversible<TBuilder>(this TBuilder route, string action, string resource, string? routeValue)
        where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new Irreversible(action, resource, routeValue));
}
