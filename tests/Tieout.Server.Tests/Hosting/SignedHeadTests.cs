using System.Net;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Configuration;
using Tieout.Server.Hosting;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Hosting;

/// <summary>L8: yesterday's file put back fits together in itself; a signed head outside the file proves that its end is missing.</summary>
public sealed class SignedHeadTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tieout-heads-");

    public SignedHeadTests() => File.WriteAllText(KeyFile, "the key of heads, 32 characters or more\n");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string KeyFile => In("key");

    private string Heads => In("elsewhere/heads.jsonl");

    private string Data => In("data");

    private byte[] Key => Encoding.UTF8.GetBytes(File.ReadAllText(KeyFile).Trim());

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task L8_yesterdays_file_put_back_is_found_by_verify_and_refused_at_the_start()
    {
        await RunAsync(topUps: 3, backup: In("yesterday.db"));
        await RunAsync(topUps: 4);
        var verified = await VerifyAsync();
        Assert.True(verified.ExitCode == 0, verified.Out + verified.Error);
        File.Delete(Path.Combine(Data, "tieout.db-wal"));
        File.Delete(Path.Combine(Data, "tieout.db-shm"));
        File.Copy(In("yesterday.db"), Path.Combine(Data, "tieout.db"), overwrite: true);

        Assert.Equal(0, (await CliRun.StartAsync(["verify", "--data", Data], _ => null)).ExitCode);
        var found = await VerifyAsync();
        Assert.Equal(1, found.ExitCode);
        Assert.Contains("which the store does not have: it was put back to an earlier state", found.Out, StringComparison.Ordinal);

        await File.WriteAllTextAsync(In("tieout.yaml"), Yaml, Stop);
        var refused = await CliRun.StartAsync(["serve", "--data", Data, "--config", In("tieout.yaml"), "--listen", "http://127.0.0.1:0"], _ => null).WaitAsync(
            TimeSpan.FromSeconds(30), Stop);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("store_rolled_back", refused.Error, StringComparison.Ordinal);
        Assert.Contains("--accept-rollback REASON", refused.Error, StringComparison.Ordinal);

        // Put back on purpose: the chain of heads goes on and says why.
        await RunAsync(topUps: 9, acceptedRollback: "the disk of yesterday died");
        Assert.Contains("the disk of yesterday died", await File.ReadAllTextAsync(Heads, Stop), StringComparison.Ordinal);
        Assert.Equal(0, (await VerifyAsync()).ExitCode);
    }

    [Fact]
    public async Task L8_a_store_that_was_put_back_and_went_on_is_found_though_it_is_longer()
    {
        await RunAsync(topUps: 2, backup: In("yesterday.db"));
        await RunAsync(topUps: 3);
        File.Copy(In("yesterday.db"), Path.Combine(Data, "tieout.db"), overwrite: true);
        await using (var ledger = SqliteLedger.Open(Data))
        {
            for (var i = 0; i < 9; i++) await ledger.SubmitAsync(new Command.TopUp($"other-{i}", "acme", Amount.Parse("2")), Stop);
        }

        var found = await VerifyAsync();
        Assert.Equal(1, found.ExitCode);
        Assert.Contains("it was put back to an earlier state and went on", found.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("changed", "is not signed with this key")]
    [InlineData("removed", "does not follow the line before it")]
    [InlineData("garbage", "is not a head")]
    public async Task L8_heads_that_were_changed_or_removed_are_not_believed(string damage, string flaw)
    {
        await RunAsync(topUps: 1);
        await RunAsync(topUps: 1);
        await RunAsync(topUps: 1);
        var lines = await File.ReadAllLinesAsync(Heads, Stop);
        Assert.True(lines.Length >= 3, $"{lines.Length} heads");
        await File.WriteAllLinesAsync(Heads, damage switch
        {
            "changed" => [.. lines[..^1], lines[^1].Replace("\"commit\":", "\"commit\":1", StringComparison.Ordinal)],
            "removed" => [lines[0], .. lines[2..]],
            _ => [.. lines, "{}"],
        }, Stop);

        var refused = await VerifyAsync();
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(flaw, refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heads_go_to_an_object_store_and_a_webhook_and_are_read_back_from_the_object_store()
    {
        using var listener = new HttpListener();
        var port = FreePort();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        var seen = new List<string>();
        var stored = "";
        var serving = Task.Run(async () =>
        {
            while (listener.IsListening)
            {
                var call = await listener.GetContextAsync();
                using var reader = new StreamReader(call.Request.InputStream);
                var body = await reader.ReadToEndAsync();
                lock (seen) seen.Add($"{call.Request.HttpMethod} {call.Request.Url!.AbsolutePath} {call.Request.Headers["Authorization"]}");
                if (call.Request.HttpMethod == "PUT") stored = body;
                call.Response.StatusCode = call.Request.HttpMethod == "GET" && stored.Length == 0 ? 404 : 200;
                if (call.Request.HttpMethod == "GET") await call.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(stored));
                call.Response.Close();
            }
        }, Stop);

        var url = $"http://127.0.0.1:{port}";
        await RunAsync(topUps: 2, heads: new HeadOptions(KeyFile) { Put = new($"{url}/put"), Post = new($"{url}/post"), Token = "a-token", EveryCommits = 1 });
        lock (seen) Assert.Contains("PUT /put Bearer a-token", seen);
        lock (seen) Assert.Contains("POST /post Bearer a-token", seen);
        Assert.NotNull(SignedHead.Last(stored, Key, out _));
        var verified = await CliRun.StartAsync(["verify", "--data", Data, "--head", $"{url}/put", "--head-key", KeyFile], _ => null);
        Assert.True(verified.ExitCode == 0, verified.Error);
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    [Fact]
    public async Task L8_a_head_that_cannot_be_written_shows_in_health_and_metrics_until_one_is_written()
    {
        // A file in the place of the folder: nothing can be written below it.
        await File.WriteAllTextAsync(In("elsewhere"), "", Stop);
        await using var ledger = new BreakableLedger(SqliteLedger.Open(Data));
        await ledger.SubmitAsync(new Command.OpenOrg(new Core.Tenancy.Org("acme", "USD", Core.Tenancy.BillingMode.Prepaid, null, "UTC")), Stop);
        var heads = new HeadOptions(KeyFile) { File = Heads, EveryCommits = 1, Every = TimeSpan.FromMilliseconds(300) };
        await using var server = TieoutServer.Build(new() { Listen = "http://127.0.0.1:0", Data = Data, AdminToken = ApiWorld.Admin, Heads = heads }, ledger);
        await server.StartAsync(Stop);
        using var http = new HttpClient { BaseAddress = new(server.Urls.First()) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", ApiWorld.Admin);

        await World.SoonAsync(async () => await MetricAsync(http) == "0", "the metric says that heads are not written");
        Assert.Contains("elsewhere", await http.GetStringAsync("/api/v1/health/detail", Stop), StringComparison.Ordinal);

        File.Delete(In("elsewhere"));
        await World.SoonAsync(async () => await MetricAsync(http) == "1", "the metric says that heads are written");
        Assert.Contains("\"heads_error\":null", await http.GetStringAsync("/api/v1/health/detail", Stop), StringComparison.Ordinal);
        await server.StopAsync(Stop);
    }

    private static async Task<string> MetricAsync(HttpClient http) =>
        (await http.GetStringAsync("/metrics", Stop)).Split('\n').Single(
            line => line.StartsWith("tieout_heads_written ", StringComparison.Ordinal))["tieout_heads_written ".Length..];

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private string Yaml => $"heads: {{ key_file: '{KeyFile}', file: '{Heads}', every_commits: 1 }}";

    private string In(string name) => Path.Combine(_folder.FullName, name);

    private Task<CliRun> VerifyAsync() => CliRun.StartAsync(["verify", "--data", Data, "--head", Heads, "--head-key", KeyFile], _ => null);

    /// <summary>A server that takes some top-ups, writes heads, and stops.</summary>
    private async Task RunAsync(int topUps, string? backup = null, string? acceptedRollback = null, HeadOptions? heads = null)
    {
        await using var ledger = new BreakableLedger(SqliteLedger.Open(Data));
        heads ??= new HeadOptions(KeyFile) { File = Heads, EveryCommits = 1 };
        await using var server = TieoutServer.Build(
            new() { Listen = "http://127.0.0.1:0", Data = Data, AdminToken = ApiWorld.Admin, Heads = heads, AcceptedRollback = acceptedRollback }, ledger);
        await server.StartAsync(Stop);
        if (ledger.Read.Orgs.Count == 0)
        {
            await ledger.SubmitAsync(new Command.OpenOrg(new Core.Tenancy.Org("acme", "USD", Core.Tenancy.BillingMode.Prepaid, null, "UTC")), Stop);
        }

        for (var i = 0; i < topUps; i++) await ledger.SubmitAsync(new Command.TopUp(Guid.NewGuid().ToString(), "acme", Amount.Parse("1")), Stop);
        if (heads.File is not null)
        {
            await World.SoonAsync(async () => File.Exists(Heads)
                && SignedHead.Last(await File.ReadAllTextAsync(Heads, Stop), Key, out _)?.Buckets[0].Commit == ledger.Health.Commit,
                "the newest commit has a head");
        }
        else
        {
            await Task.Delay(1_000, Stop);
        }

        await server.StopAsync(Stop);
        if (backup is not null) SqliteBackup.Write(Data, backup);
    }
}
