using System.Text.RegularExpressions;
using Tieout.Tests;

namespace Tieout.Core.Tests.Architecture;

public sealed partial class HttpEdgeTests
{
    /// <summary>Folders that are about HTTP as a whole: the gateway relays requests, the others are the server's edge.</summary>
    private static readonly string[] Folders = ["Errors", "Gateway", "Governor", "Hosting", "Http"];

    /// <summary>The three values that the server reads from every request: its ids, its caller, and the caller's call.</summary>
    private static readonly string[] Values = ["Telemetry/Correlation.cs", "Tenancy/AdminCalls.cs", "Tenancy/Caller.cs"];

    // Goal: an action runs the same behind every surface (U1), so it takes an AdminCall, never the HTTP request. Method: every file of the server that names
    // HttpContext is an endpoint, a filter, a middleware, a protocol, an export that writes itself, or a value that is read from the request.
    [Fact]
    public void U1_only_the_edge_of_the_server_knows_the_HTTP_request()
    {
        var others =
            from file in Files()
            where !Folders.Contains(file.Name.Split('/')[0]) && !Values.Contains(file.Name) && !Edge().IsMatch(file.Text)
            select file.Name;

        Assert.Empty(others);
    }

    // Goal: the actor of an action is read in one place. Method: no other file of the server makes one.
    [Fact]
    public void U1_one_file_makes_the_actor_of_a_request()
    {
        var makers = Directory.EnumerateFiles(Repo.Path("src/Tieout.Server"), "*.cs", SearchOption.AllDirectories)
            .Where(file => Maker().IsMatch(File.ReadAllText(file))).Select(file => Path.GetFileName(file)).ToList();

        Assert.Equal(["AdminCalls.cs"], makers);
    }

    private static IEnumerable<(string Name, string Text)> Files() =>
        from file in Directory.EnumerateFiles(Repo.Path("src/Tieout.Server"), "*.cs", SearchOption.AllDirectories)
        let text = File.ReadAllText(file)
        where text.Contains("HttpContext", StringComparison.Ordinal)
        select (Path.GetRelativePath(Repo.Path("src/Tieout.Server"), file).Replace(Path.DirectorySeparatorChar, '/'), text);

    [GeneratedRegex(@"\bIEndpointRouteBuilder\b|\bclass \w+Endpoints?\b|: IEndpointFilter\b|\bRequestDelegate\b|\bclass AccessProtocol\b|: AccessProtocol\b|\bIUsageExport\b|\b(record|struct|class) \w+Request\b")]
    private static partial Regex Edge();

    [GeneratedRegex(@"\bnew Actor\(|\bnew AuditAction\(|\bActor ActorOf\(")]
    private static partial Regex Maker();
}
