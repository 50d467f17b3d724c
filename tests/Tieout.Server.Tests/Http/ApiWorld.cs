using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Tieout.Cli;
using Tieout.Cli.Output;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Hosting;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Http;

/// <summary>A server with an embedded ledger on a free port, asked through HTTP or through the command line.</summary>
internal sealed class ApiWorld : IAsyncDisposable
{
    public const string Admin = "an-admin-token";

    private long _attempts;

    public required WebApplication Server { get; init; }
    public required BreakableLedger Ledger { get; init; }
    public required HttpClient Http { get; init; }
    public required DirectoryInfo Folder { get; init; }

    public string Url => Server.Urls.First();

    /// <summary>With the org <c>acme</c> (prepaid, USD, 1000 topped up), its team <c>red</c> and a key.</summary>
    /// <param name="change">Changes the options before the server is built.</param>
    /// <param name="topUpByHand">False: past the API, where the options would ask for a second person.</param>
    /// <param name="open">Another store than a new embedded one.</param>
    public static async Task<ApiWorld> StartAsync(
        Func<ServerOptions, ServerOptions>? change = null, bool topUpByHand = true, Func<Task<Storage.ILedger>>? open = null)
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        var ledger = new BreakableLedger(open is null ? SqliteLedger.Open(folder.FullName) : await open());
        var options =
            new ServerOptions { Listen = "http://127.0.0.1:0", Data = folder.FullName, AdminToken = Admin, Doors = new() { WrongCredentials = 1_000_000 } };
        var server = TieoutServer.Build(change?.Invoke(options) ?? options, ledger);
        await server.StartAsync();
        var world = new ApiWorld
        {
            Server = server,
            Ledger = ledger,
            Folder = folder,
            Http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(server.Urls.First()) },
        };
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"acme","asset":"USD","billing":"prepaid"}""");
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/teams", """{"name":"red"}""");
        if (topUpByHand) await world.OkAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"first","amount":"1000"}""");
        else Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.TopUp("first", "acme", Amount.Parse("1000"))));
        return world;
    }

    /// <param name="token">Null: the admin's; empty: none.</param>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body = null, string? token = null, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(method, "/api/v1" + path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (token != "") request.Headers.Authorization = new("Bearer", token ?? Admin);
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        return await Http.SendAsync(request);
    }

    public async Task<JsonElement> OkAsync(HttpMethod method, string path, string? body = null, string? token = null)
    {
        using var response = await SendAsync(method, path, body, token);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    public Task<JsonElement> GetAsync(string path, string? token = null) => OkAsync(HttpMethod.Get, path, token: token);

    /// <summary>Expects a problem of RFC 9457 and gives its stable code.</summary>
    public static async Task<string> CodeAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(text);
        Assert.Equal((int)status, problem.RootElement.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(problem.RootElement.GetProperty("title").GetString()));
        return problem.RootElement.GetProperty("code").GetString()!;
    }

    /// <summary>Makes a key with every scope.</summary>
    public async Task<(string Id, string Secret)> KeyAsync(string org = "acme", string? team = null)
    {
        var scopes = JsonSerializer.Serialize(KeyScope.All.Select(scope => scope.Name));
        var key = await OkAsync(
            HttpMethod.Post, $"/orgs/{org}/keys", team is null ? $$"""{"scopes":{{scopes}}}""" : $$"""{"team":"{{team}}","scopes":{{scopes}}}""");
        return (key.GetProperty("id").GetString()!, key.GetProperty("key").GetString()!);
    }

    /// <summary>Charges one attempt, as the gateway would after the fact.</summary>
    /// <param name="amount">Null: what the price list says. Another amount is wrong to <c>verify</c> (M3), and right to everything else.</param>
    public async Task<UsageRecord> ChargeAsync(
        string? amount, string org = "acme", string? team = null, string? key = null, string? project = null, string operation = "op-1",
        string? model = "gpt-4o", string? trigger = null)
    {
        var now = Instant.From(DateTimeOffset.UtcNow);
        var labels = new UsageLabels
        {
            Org = org,
            Team = team,
            Key = key,
            Project = project,
            Provider = "openai",
            Model = model,
            Source = UsageSource.Gateway,
            Trigger = trigger
        };
        var id = new AttemptId(Guid.CreateVersion7());
        var usage = new UsageRecord(
            id, labels, operation, (int)++_attempts, null, "corr-1", null, "user-1", now, 12, 200, new(100, 40, 0, 20, 5), UsageBasis.Reported,
            UsageFlags.None);
        var price = Core.Pricing.BuiltinPrices.Catalogue.Find("openai", "gpt-4o", now)!;
        var charge = amount is null ? price.Price(usage.Counts).Charge : Amount.Parse(amount);
        Assert.IsType<Outcome.Done>(await Ledger.SubmitAsync(new Command.Charge(new(usage, price, charge, charge), Fact: true)));
        return usage;
    }

    /// <summary>Runs the command line against this server, as the admin.</summary>
    public Task<CliRun> RunAsync(params string[] args) => CliRun.StartAsync([.. args], name => name switch
    {
        "TIEOUT_URL" => Url,
        "TIEOUT_TOKEN" => Admin,
        _ => null,
    });

    /// <summary>Waits until the follower has counted all that was committed before.</summary>
    public Task CountedAsync() => World.SoonAsync(async () =>
    {
        await Ledger.Follower.StepAsync(TestContext.Current.CancellationToken);
        return Ledger.Follower.Standing.RowsBehind == 0;
    }, "all rows are counted");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(2)).Token);
        await Server.DisposeAsync();
        await Ledger.DisposeAsync();
        Folder.Delete(recursive: true);
    }
}

/// <summary>One run of the command line in this process.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    public static async Task<CliRun> StartAsync(string[] args, Func<string, string?> variable)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await CommandLine.RunAsync(args, new Shell(output, error, variable, IsTerminal: false), TestContext.Current.CancellationToken);
        return new(exitCode, output.ToString(), error.ToString());
    }
}
