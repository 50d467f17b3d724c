using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>One route of the running server with its policy.</summary>
/// <param name="Guarded">What a guard policy can name; null: nothing.</param>
internal sealed record MappedRoute(string Method, string Pattern, Access Access, Irreversible? Guarded)
{
    public bool NamesOrg => Pattern.Contains("{org}", StringComparison.Ordinal);

    /// <summary>All routes of a server that has started, in a fixed order.</summary>
    public static IReadOnlyList<MappedRoute> Of(WebApplication server) =>
    [
        .. server.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
            .SelectMany(endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method =>
                new MappedRoute(method, "/" + endpoint.RoutePattern.RawText!.TrimStart('/'), endpoint.Metadata.GetMetadata<Access>()!,
                    endpoint.Metadata.GetMetadata<Irreversible>())))
            .OrderBy(route => route.Pattern, StringComparer.Ordinal).ThenBy(route => route.Method, StringComparer.Ordinal),
    ];

    /// <summary>An address that the route answers.</summary>
    /// <param name="org">Fills <c>{org}</c>.</param>
    public string Address(string org)
    {
        var path = Pattern.Replace("{org}", org, StringComparison.Ordinal).Replace("{month}", "2001-01", StringComparison.Ordinal);
        return System.Text.RegularExpressions.Regex.Replace(path, @"\{[^}]+\}", "none");
    }
}
