using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using OpenAI.Chat;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Hosting;
using Tieout.Server.Tests.Outage;
using Tieout.Simulator.Provider;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Gateway;

/// <summary>A whole server with its ledger on disk, in front of a simulated provider, both on free ports; one org with one key.</summary>
internal sealed class World : IAsyncDisposable
{
    public const string Org = "acme";
    public const string Secret = "tk-of-acme";
    public const string ProviderKey = "sk-of-the-provider";

    public required WebApplication Provider { get; init; }
    public required WebApplication Server { get; init; }
    public required BreakableLedger Ledger { get; init; }
    public required HttpClient Http { get; init; }
    public required DirectoryInfo Folder { get; init; }

    /// <summary>Asks the operations address.</summary>
    public required HttpClient Operations { get; init; }

    private ServerOptions Options { get; init; } = new();

    public ServedLog Bill => Provider.Services.GetRequiredService<ServedLog>();

    public ILedgerReader Read => Ledger.Read;

    /// <param name="topUp">What the org has at the beginning, in major units.</param>
    /// <param name="change">Changes the options before the server is built.</param>
    /// <param name="open">Opens the ledger; null: an embedded one in the world's folder.</param>
    public static async Task<World> StartAsync(
        string topUp = "1000", Func<ServerOptions, ServerOptions>? change = null, string? providerUrl = null, Func<Task<ILedger>>? open = null)
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        var provider = SimulatedProviderApp.Build(new() { Listen = "http://127.0.0.1:0" });
        await provider.StartAsync();
        var ledger = new BreakableLedger(open is null ? SqliteLedger.Open(folder.FullName) : await open());
        var options = new ServerOptions
        {
            Listen = "http://127.0.0.1:0",
            Data = folder.FullName,
            Doors = new() { OperationsListen = "http://127.0.0.1:0", WrongCredentials = 1_000_000 },
            Providers = [new("sim", ProviderDialect.OpenAi, new Uri($"{providerUrl ?? provider.Urls.First()}/v1"), ProviderKey, ["X-Sim-*"])],
            Models = [new("gpt-4o", [new("sim", "gpt-4o")]), new("cheap", [new("sim", "gpt-4o-mini")]), new("mystery", [new("sim", "no-such-model")])],
        };
        var world = await ServeAsync(provider, folder, change?.Invoke(options) ?? options, ledger);
        await world.DoAsync(new Command.OpenOrg(new Org(Org, "USD", BillingMode.Prepaid, null, "UTC")));
        await world.AddKeyAsync(Secret, "key-1");
        if (topUp != "0") await world.DoAsync(new Command.TopUp("first", Org, Amount.Parse(topUp)));
        return world;
    }

    /// <summary>The same folder and provider with a new server; this one has stopped, and is not to be disposed of.</summary>
    public async Task<World> RestartedAsync(Func<ServerOptions, ServerOptions>? change = null)
    {
        Http.Dispose();
        Operations.Dispose();
        await Server.StopAsync();
        await Server.DisposeAsync();
        await Ledger.DisposeAsync();
        return await ServeAsync(Provider, Folder, change?.Invoke(Options) ?? Options, new(SqliteLedger.Open(Folder.FullName)));
    }

    private static async Task<World> ServeAsync(WebApplication provider, DirectoryInfo folder, ServerOptions options, BreakableLedger ledger)
    {
        var server = TieoutServer.Build(options, ledger);
        await server.StartAsync();
        // No draining: a test that hangs up means it.
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 }) { BaseAddress = new Uri(server.Urls.First()) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Secret);
        return new World
        {
            Provider = provider,
            Server = server,
            Ledger = ledger,
            Http = http,
            Folder = folder,
            Options = options,
            Operations = new(
            new SocketsHttpHandler { UseProxy = false })
            { BaseAddress = new Uri(server.Urls.Last()) }
        };
    }

    public static KeyTerms AllScopes { get; } = new(Scopes: [.. KeyScope.All.Select(scope => scope.Name)]);

    /// <summary>Adds a key with every scope.</summary>
    public Task AddKeyAsync(string secret, string id, string? team = null, string? project = null, bool blocked = false) => DoAsync(new Command.Record(
        SettingKind.Key, Org, id,
        new ApiKey(id, Org, team, project, null, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret))), blocked,
            DateTimeOffset.UnixEpoch)
        { Terms = AllScopes }.ToJson(), Once: false));

    public Task SetBudgetAsync(string limit, bool hard = true, BudgetScope? scope = null) =>
        DoAsync(new Command.SetBudget(new Budget(scope ?? new(Org), WindowUnit.Day, Amount.Parse(limit), hard, "UTC", Budget.DefaultThresholds)));

    public Task SetPolicyAsync(PricePolicy policy) => DoAsync(new Command.Record(SettingKind.PricePolicy, Org, "policy", policy.ToJson(), Once: false));

    public async Task DoAsync(Command command) => Assert.IsType<Outcome.Done>(await Ledger.SubmitAsync(command));

    public ChatClient Client(string model = "gpt-4o", string secret = Secret) => new(
        model, new ApiKeyCredential(secret),
        new OpenAIClientOptions
        {
            Endpoint = new Uri($"{Server.Urls.First()}/v1"),
            Transport = new HttpClientPipelineTransport(
            new HttpClient(new SocketsHttpHandler { UseProxy = false }))
        });

    /// <summary>Sends a chat request; headers as <c>name: value</c>.</summary>
    public Task<HttpResponseMessage> ChatAsync(string body, params string[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            if (header[..colon] == "Authorization") request.Headers.Authorization = null;
            request.Headers.TryAddWithoutValidation(header[..colon], header[(colon + 1)..].Trim());
        }

        return Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public const string Hello = """{"model":"gpt-4o","messages":[{"role":"user","content":"Hello there, how are you?"}],"max_tokens":100}""";
    public const string HelloStream =
        """{"model":"gpt-4o","messages":[{"role":"user","content":"Hello there, how are you?"}],"max_tokens":100,"stream":true}""";

    public async Task<IReadOnlyList<UsageRow>> UsageAsync()
    {
        var rows = new List<UsageRow>();
        await foreach (var row in Read.UsageAsync(new(Org, Instant.UnixEpoch, new Instant(long.MaxValue)), TestContext.Current.CancellationToken))
        {
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Waits until so many usage records are written and nothing is held: what has ended, the figures in memory show too.</summary>
    /// <remarks>A commit can be read from the file a moment before the figures in memory show it, so a test that saw the row alone could read the balance
    /// before it.</remarks>
    public async Task<IReadOnlyList<UsageRow>> RecordedAsync(int count, string what = "the usage is recorded")
    {
        await SoonAsync(async () => (await UsageAsync()).Count == count && Read.OpenHolds(null).Count == 0, what);
        return await UsageAsync();
    }

    /// <summary>Waits for what must become true soon, and fails if it does not.</summary>
    public static async Task SoonAsync(Func<Task<bool>> isSo, string what)
    {
        for (var i = 0; i < 400; i++)
        {
            if (await isSo()) return;
            await Task.Delay(25);
        }

        Assert.Fail($"Not within ten seconds: {what}");
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Operations.Dispose();
        await Server.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(2)).Token);
        await Server.DisposeAsync();
        await Provider.DisposeAsync();
        await Ledger.DisposeAsync();
        Folder.Delete(recursive: true);
    }
}

/// <summary>A ledger whose store can be broken and repaired.</summary>
internal sealed class BreakableLedger(ILedger inner) : ILedger
{
    private int _closed;
    private ILedgerReader? _read;

    /// <summary>Which commands the store is down for; null: it works.</summary>
    public Func<Command, bool>? Broken { get; set; }

    public bool IsLeader { get; set; } = true;

    public LedgerHealth Health => Broken is null ? inner.Health : inner.Health with { IsWritable = false, Reason = "broken by a test" };

    /// <summary>Which single commands are refused as if they were in quarantine; null: none.</summary>
    public Func<Command, bool>? Refused { get; set; }

    /// <summary>What else submissions fail with, as a fault of the program would; null: nothing.</summary>
    public Exception? Fault { get; set; }

    /// <summary>The outcome of a command that the ledger itself would decide otherwise; null: the ledger decides.</summary>
    public Func<Command, Outcome?>? Decides { get; set; }

    /// <summary>Who reads instead; null: nobody.</summary>
    public ILedgerReader? Reader { get; set; }

    /// <summary>What becomes of months that are to be detached; null: the ledger detaches them.</summary>
    public Func<Storage.Detaching.DetachOrder, Task<Storage.Detaching.DetachReport>>? Detaches { get; set; }

    /// <summary>Everything works again.</summary>
    public void Repair() => (Broken, Fault, Decides, Reader) = (null, null, null, null);

    /// <summary>What is known of the commands that the store is down for.</summary>
    public StoreEffect Effect { get; set; } = StoreEffect.None;

    public ILedgerReader Read => _read ??= SwitchedReader.Of(() => Reader ?? inner.Read);

    public IDeliveries Deliveries => inner.Deliveries;

    public IRefusedRequests RefusedRequests => inner.RefusedRequests;

    public IFollower Follower => inner.Follower;

    public IKeyUses KeyUses => KeyUsesFail ? throw new StoreUnavailableException("The store is broken by a test.", StoreEffect.None) : inner.KeyUses;

    public bool KeyUsesFail { get; set; }

    public ILedger Inner => inner;

    public void Limit(LedgerLimits limits) => inner.Limit(limits);

    public Task<Storage.Detaching.DetachReport> DetachAsync(
        Storage.Detaching.DetachOrder order, IProgress<RowProgress>? progress, CancellationToken cancellationToken) =>
        Detaches is { } detaches ? detaches(order) : inner.DetachAsync(order, progress, cancellationToken);

    public Task RepairAsync(IReadOnlyList<Core.Reconciliation.SelfCheck.FigureDrift> drifts) => inner.RepairAsync(drifts);

    public ValueTask<Outcome> SubmitAsync(Command command, CancellationToken cancellationToken = default)
    {
        if (Decides?.Invoke(command) is { } decided) return ValueTask.FromResult(decided);
        if (Broken?.Invoke(command) ?? false) throw new StoreUnavailableException("The store is broken by a test.", Effect);
        if (Refused?.Invoke(command) ?? false) return new(new Outcome.Refused(Refusal.CommandQuarantined, "q_1"));
        return Fault is null ? inner.SubmitAsync(command, cancellationToken) : throw Fault;
    }

    public async ValueTask<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken = default)
    {
        if (commands.Any(command => Broken?.Invoke(command) ?? false)) throw new StoreUnavailableException("The store is broken by a test.", Effect);
        return Fault is null ? await inner.SubmitAsync(commands, cancellationToken) : throw Fault;
    }

    public ValueTask DisposeAsync() => Interlocked.Exchange(ref _closed, 1) == 0 ? inner.DisposeAsync() : default;
}
