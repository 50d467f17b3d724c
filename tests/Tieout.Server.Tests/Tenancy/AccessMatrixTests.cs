using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Reference;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Every route with every caller: the page is generated from the policies, and the server is asked whether it keeps them.</summary>
public sealed class AccessMatrixTests
{
    private static readonly AdminRole[] Roles = Enum.GetValues<AdminRole>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_of_access_is_what_the_routes_declare()
    {
        await using var world = await ApiWorld.StartAsync();
        ReferencePagesTests.Compare("access.md", Page(MappedRoute.Of(world.Server)));
    }

    // Goal: nothing of Tieout's own that ends or removes something passes by the guard (G1). Method: every route whose last word says so has a mark, but for
    // those where it would be wrong.
    [Fact]
    public async Task G1_every_route_that_ends_or_removes_something_can_be_named_by_a_guard_policy()
    {
        string[] words = ["close", "delete", "detach", "end", "end-previous", "expire", "finalise", "prune", "remove", "restore", "retire", "revoke"];
        string[] without =
        [
            "/api/v1/guard/overrides/{id}/end", // The guard is stricter afterwards.
            "/api/v1/incidents/{id}/close", // Everything stays on record.
        ];
        await using var world = await ApiWorld.StartAsync();
        var missing = MappedRoute.Of(world.Server).Where(route => route.Pattern.StartsWith("/api/", StringComparison.Ordinal) && route.Method != "GET"
            && (route.Method == "DELETE" || words.Contains(route.Pattern[(route.Pattern.LastIndexOf('/') + 1)..])) && route.Guarded is null
            && !without.Contains(route.Pattern)).Select(route => $"{route.Method} {route.Pattern}").ToList();
        Assert.Empty(missing);
    }

    // Goal: no route lets in a caller that its policy does not name, and none refuses one that it does. Method: every route of the endpoint
    // data source is called by every kind of caller, with nothing in its body: whoever is let in gets any answer but the gate's.
    [Fact]
    public async Task Every_route_lets_in_exactly_the_callers_of_its_policy()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"prepaid"}""");
        var callers = await CallersAsync(world);
        var routes = MappedRoute.Of(world.Server);
        Assert.True(routes.Count > 150, $"{routes.Count} routes");
        var wrong = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(routes, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Stop }, async (route, _) =>
        {
            foreach (var caller in callers)
            {
                var expected = caller.Expected(route);
                var given = await GivenAsync(world, route, caller.Token);
                if (expected != given) wrong.Add($"{route.Method} {route.Pattern} by {caller.Name}: {given}, not {expected}");
            }
        });
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong.Order(StringComparer.Ordinal)));
    }

    private static async Task<string> GivenAsync(ApiWorld world, MappedRoute route, string token)
    {
        using var request = new HttpRequestMessage(new(route.Method), route.Address("acme"));
        if (token.Length > 0) request.Headers.Authorization = new("Bearer", token);
        if (route.Method != "GET") request.Content = new StringContent("""{"wrong":1}""", Encoding.UTF8, "application/json");
        using var response = await world.Http.SendAsync(request, Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => "unidentified",
            HttpStatusCode.Forbidden when text.Contains("has no scope", StringComparison.Ordinal) => "scope",
            HttpStatusCode.Forbidden => "forbidden",
            HttpStatusCode.NotFound when text.Contains("org_not_found", StringComparison.Ordinal) => "no such org",
            _ => "in",
        };
    }

    private static async Task<IReadOnlyList<TestedCaller>> CallersAsync(ApiWorld world)
    {
        List<TestedCaller> callers =
        [
            new("anonymous", "", route => route.Access.IsAnonymous ? "in" : "unidentified"),
            new("a stranger", "tk_nobody", route => route.Access.IsAnonymous ? "in" : "unidentified"),
            new("the admin token", ApiWorld.Admin, route => OfRole(route, AdminRole.Admin)),
        ];
        foreach (var role in Roles)
        {
            var made = await world.OkAsync(HttpMethod.Post, "/tokens", $$"""{"role":"{{role.ToString().ToLowerInvariant()}}"}""");
            callers.Add(new($"the role {role}", made.GetProperty("token").GetString()!, route => OfRole(route, role)));
        }

        foreach (var scope in KeyScope.All) callers.Add(new($"a key with {scope}", await KeyAsync(world, "acme", scope.Name), route => OfKey(route, scope)));
        callers.Add(
            new("a new key", await KeyAsync(world, "acme"), route => OfKey(route, route.Access.Scope is { IsInference: true } own ? own : KeyScope.Chat)));
        callers.Add(new("a key of another org", await KeyAsync(world, "other", [.. KeyScope.All.Select(scope => scope.Name)]),
            route => route.NamesOrg ? "no such org" : OfKey(route, route.Access.Scope)));
        return callers;
    }

    private static string OfRole(MappedRoute route, AdminRole role) =>
        route.Access.IsAnonymous || route.Access.AllowedRoles.Contains(role) ? "in" : "forbidden";

    private static string OfKey(MappedRoute route, KeyScope? scope) =>
        route.Access.IsAnonymous ? "in" : !route.Access.AllowsTenants ? "forbidden" : route.Access.Scope is { } needed && needed != scope ? "scope" : "in";

    private static async Task<string> KeyAsync(ApiWorld world, string org, params string[] scopes)
    {
        var made = await world.OkAsync(
            HttpMethod.Post, $"/orgs/{org}/keys", scopes.Length == 0 ? "{}" : $$"""{"scopes":{{JsonSerializer.Serialize(scopes)}}}""");
        return made.GetProperty("key").GetString()!;
    }

    private static string Page(IReadOnlyList<MappedRoute> routes)
    {
        var page = new StringBuilder($"# Access\n\n{ReferencePagesTests.Note}\n\n");
        page.Append(
            "Every endpoint declares who may call it; one gate enforces it at every door, and the server does not start with an endpoint that declares nothing.\n\n");
        page.Append(
            "## Scopes of keys\n\nA key without scopes of its own has `inference`: every scope marked *inference* and no other.\n\n| scope | inference | allows |\n|---|---|---|\n");
        foreach (var scope in KeyScope.All)
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{scope}` | {(scope.IsInference ? "yes" : "")} | {scope.Meaning} |\n");
        }

        page.Append(
            "\n## Routes\n\n`yes`: let in. Empty: refused with 403, an anonymous caller with 401. *Key*: the scope that a key of the org needs, or `any`. *Key of another org*: `404` where the address names the org; ");
        page.Append("`own`: only its own org's data is reached.\n\n");
        page.Append(CultureInfo.InvariantCulture,
            $"| route | anonymous | {string.Join(" | ", Roles.Select(role => role.ToString().ToLowerInvariant()))} | key | key of another org |\n|---|---|{string.Concat(Roles.Select(_ => "---|"))}---|---|\n");
        foreach (var route in routes) page.Append(CultureInfo.InvariantCulture, $"| `{route.Method} {route.Pattern}` | {string.Join(" | ", Cells(route))} |\n");
        page.Append("\n## Actions that a guard policy can name\n\n| action | resource | route |\n|---|---|---|\n");
        foreach (var route in routes.Where(route => route.Guarded is not null).OrderBy(route => route.Guarded!.Action, StringComparer.Ordinal))
        {
            page.Append(CultureInfo.InvariantCulture, $"| `{route.Guarded!.Action}` | {route.Guarded.Resource} | `{route.Method} {route.Pattern}` |\n");
        }

        return page.ToString();
    }

    private static IEnumerable<string> Cells(MappedRoute route)
    {
        var access = route.Access;
        yield return access.IsAnonymous ? "yes" : "";
        foreach (var role in Roles) yield return OfRole(route, role) == "in" ? "yes" : "";
        yield return access.IsAnonymous ? "yes" : !access.AllowsTenants ? "" : access.Scope is { } scope ? $"`{scope}`" : "any";
        yield return access.IsAnonymous ? "yes" : route.NamesOrg ? "404" : access.AllowsTenants ? "own" : "";
    }

    /// <param name="Token">Empty: none.</param>
    /// <param name="Expected">What the policy of a route says of this caller.</param>
    private sealed record TestedCaller(string Name, string Token, Func<MappedRoute, string> Expected);
}
