using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Simulation.Running;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Simulation.LongChaos;

/// <summary>Two real nodes on one real PostgreSQL with a small disk, each behind a line that can be cut, in front of one simulated provider.</summary>
internal sealed class ChaosWorld : IAsyncDisposable
{
    public const string Quiet = "quiet", Hostile = "mallory";

    /// <summary>Room for the log of half an hour and a database, and little enough to fill.</summary>
    private const int DiskMegabytes = 2_000;

    private static readonly string[] DiskSettings = ["max_wal_size = 64MB", "min_wal_size = 32MB"];
    private readonly string _database;
    private Platform _platform = null!;

    private ChaosWorld()
    {
        Server = new PostgresServer(DiskMegabytes, DiskSettings);
        _database = new Uri(Server.NewDatabase()).AbsolutePath;
        Lines = [new Line(Server.Port), new Line(Server.Port)];
    }

    public PostgresServer Server { get; }

    public IReadOnlyList<Line> Lines { get; }

    public List<ChaosNode> Nodes { get; } = [];

    public Platform Platform => _platform;

    public IReadOnlyList<string> Urls => [.. Nodes.Select(node => node.Url)];

    /// <summary>The store as <c>verify</c> reads it: not through a line.</summary>
    public string Store => $"postgres://tieout@127.0.0.1:{Server.Port}{_database}";

    public static async Task<ChaosWorld> StartAsync()
    {
        var world = new ChaosWorld();
        world._platform = await Platform.StartAsync(provider => world.Configuration(provider, world.Lines[0].Port));
        world.Nodes.Add(new(world._platform, world._platform.Folder, "one", world.Configuration(world._platform.ProviderUrl, world.Lines[0].Port)));
        world.Nodes.Add(new(world._platform, world._platform.Folder, "two", world.Configuration(world._platform.ProviderUrl, world.Lines[1].Port)));

        // The platform's own gateway only opened the ledger; the nodes are ours, so that each can be started with a clock of its own.
        await world._platform.OpenOrgAsync(Quiet, "100000");
        await world._platform.OpenOrgAsync(Hostile, "1");
        await world._platform.SendAsync(HttpMethod.Put, $"orgs/{Quiet}/budgets", new { window = "total", limit = "90000", hard = true });
        return world;
    }

    public async Task StartNodesAsync()
    {
        foreach (var node in Nodes) await node.StartAsync(clockSkew: null);
    }

    /// <summary>Every usage row of an org: id and charge. Fails if an id comes twice.</summary>
    public async Task<Dictionary<string, Amount>> UsageAsync(string org)
    {
        var lines = (await AdminAsync(Nodes[0].Url, $"orgs/{org}/usage?format=csv")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.TrimEnd('\r').Split(',')).ToList();
        var (id, charge) = (Array.IndexOf(lines[0], "usage_id"), Array.IndexOf(lines[0], "charge"));
        return lines.Skip(1).ToDictionary(line => line[id], line => Amount.Parse(line[charge]));
    }

    public static async Task<(Amount Posted, Amount Held)> BalanceAsync(string node, string org)
    {
        var body = JsonElement.Parse(await AdminAsync(node, $"orgs/{org}/balance"));
        return (Platform.Money(body, "posted"), Platform.Money(body, "held"));
    }

    public static async Task<string> AdminAsync(string node, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{node}/api/v1/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Platform.AdminSecret);
        using var http = new HttpClient();
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? text : throw new InvalidOperationException($"{path} answered {(int)answer.StatusCode}: {text}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Nodes) await node.DisposeAsync();
        await _platform.DisposeAsync();
        foreach (var line in Lines) line.Dispose();
        Server.Dispose();
    }

    private string Configuration(string provider, int line) => Platform.Configuration(
        provider, string.Create(CultureInfo.InvariantCulture, $"postgres://tieout@127.0.0.1:{line}{_database}"), "request_timeout: 10s", "drain_timeout: 1s");
}
