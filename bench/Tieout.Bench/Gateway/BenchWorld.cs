using System.Text;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Server.Tenancy;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Bench.Gateway;

/// <summary>Provider, plain proxy and gateway, each a process, and an org that spends: one key, with budgets on the org, its team and the key.</summary>
internal sealed class BenchWorld : IAsyncDisposable
{
    public const string Org = "bench";
    private const string Team = "load";

    /// <summary>Units of currency: the balance, and the limit of every budget.</summary>
    private const string Plenty = "10000000";

    private readonly string _folder;
    private readonly PartProcess _provider;
    private readonly PartProcess _proxy;
    private readonly HttpClient _bill;

    private BenchWorld(string folder, PartProcess provider, PartProcess proxy, PartProcess gateway)
    {
        (_folder, _provider, _proxy, Gateway) = (folder, provider, proxy, gateway);
        _bill = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = provider.Url };
        Direct = new(provider.Url);
        Proxied = new(proxy.Url);
        Through = new(gateway.Url);
    }

    public PartProcess Gateway { get; }

    public LoadTarget Direct { get; }

    public LoadTarget Proxied { get; }

    public LoadTarget Through { get; }

    public string Key { get; private set; } = "";

    /// <summary>Calls on the provider's own bill so far.</summary>
    public long Served { get; private set; }

    /// <param name="folder">For the gateway's data; empty.</param>
    public static async Task<BenchWorld> StartAsync(string folder, CancellationToken cancellationToken)
    {
        PartProcess? provider = null, proxy = null, gateway = null;
        try
        {
            provider = await PartProcess.StartAsync(BenchPart.Provider);
            proxy = await PartProcess.StartAsync(BenchPart.Proxy, provider.Url);
            gateway = await PartProcess.StartAsync(BenchPart.Gateway, provider.Url, folder);
            var world = new BenchWorld(folder, provider, proxy, gateway);
            await world.OpenOrgAsync(cancellationToken);
            return world;
        }
        catch
        {
            foreach (var part in (PartProcess?[])[gateway, proxy, provider])
            {
                if (part is not null) await part.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Notes the provider's bill and begins a new one, which keeps its memory small.</summary>
    public async Task NoteBillAsync(CancellationToken cancellationToken)
    {
        using var totals = JsonDocument.Parse(await _bill.GetStringAsync("sim/totals", cancellationToken));
        Served += totals.RootElement.GetProperty("billed").GetInt64();
        (await _bill.PostAsync("sim/reset", null, cancellationToken)).Dispose();
    }

    /// <summary>Stops the gateway and compares its books with what was sent.</summary>
    /// <param name="expected">Answers that came through the gateway, and events handed in.</param>
    /// <param name="sent">Answers that the provider gave.</param>
    public async Task<TiedOut> TieOutAsync(long expected, long sent, CancellationToken cancellationToken)
    {
        await Gateway.DisposeAsync();
        var verification = SqliteVerification.Run(_folder);
        await using var ledger = SqliteLedger.Open(_folder);
        var totals = await ledger.Read.TotalsAsync(Org, default, Instant.From(DateTimeOffset.UtcNow.AddDays(1)), cancellationToken);
        var findings = await ledger.Read.FindingsAsync(Org, 10, cancellationToken);
        return new(expected, totals.UsageCount, totals.PostingCount, sent, Served, ledger.Read.OpenHolds(Org).Count, findings.Count,
            verification.Ok && totals.Postings == totals.Usage);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var target in (LoadTarget[])[Direct, Proxied, Through]) target.Dispose();
        foreach (var part in (PartProcess[])[Gateway, _proxy, _provider]) await part.DisposeAsync();
        _bill.Dispose();
    }

    private async Task OpenOrgAsync(CancellationToken cancellationToken)
    {
        using var api = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(Gateway.Url, "/api/v1/") };
        api.DefaultRequestHeaders.Authorization = new("Bearer", AdminTokenFile.First(_folder));
        await SendAsync(HttpMethod.Post, "orgs", $$"""{"id":"{{Org}}","asset":"USD","billing":"prepaid"}""");
        await SendAsync(HttpMethod.Post, $"orgs/{Org}/topups", $$"""{"amount":"{{Plenty}}","id":"bench"}""");
        await SendAsync(HttpMethod.Post, $"orgs/{Org}/teams", $$"""{"name":"{{Team}}"}""");
        var key = await SendAsync(
            HttpMethod.Post, $"orgs/{Org}/keys", $$"""{"team":"{{Team}}","scopes":["{{KeyScope.Inference}}","{{KeyScope.UsageWrite.Name}}"]}""");
        Key = key.GetProperty("key").GetString()!;
        await SendAsync(HttpMethod.Put, $"orgs/{Org}/budgets", $$"""{"window":"day","limit":"{{Plenty}}","hard":true}""");
        await SendAsync(HttpMethod.Put, $"orgs/{Org}/budgets", $$"""{"window":"month","limit":"{{Plenty}}","hard":true,"team":"{{Team}}"}""");
        await SendAsync(HttpMethod.Put, $"orgs/{Org}/budgets", $$"""{"window":"day","limit":"{{Plenty}}","hard":true,"key":"{{key.GetProperty("id")}}"}""");

        async Task<JsonElement> SendAsync(HttpMethod method, string path, string body)
        {
            using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            using var answer = await api.SendAsync(request, cancellationToken);
            var text = await answer.Content.ReadAsStringAsync(cancellationToken);
            return answer.IsSuccessStatusCode
                ? JsonElement.Parse(text) : throw new IOException($"The gateway answered {(int)answer.StatusCode} to {method} {path}: {text}");
        }
    }
}
