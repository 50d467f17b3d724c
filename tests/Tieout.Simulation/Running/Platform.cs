using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Simulation.Running;

/// <summary>A whole platform on loopback: the simulated provider and the gateway, each a process, and an administrator.</summary>
internal sealed class Platform : IAsyncDisposable
{
    public const string Model = "gpt-4o-mini";
    private const string AdminToken = "simulation-admin-token-0123456789abcdef";

    private readonly Dictionary<string, string> _environment = new()
    {
        ["TIEOUT_ADMIN_TOKEN"] = AdminToken,

        // Nodes have data folders of their own, and one secret.
        ["TIEOUT_ENVELOPE_SECRET"] = "simulation-envelope-secret-0123456789abcdef",
    };
    private readonly string _config;
    private TieoutProcess _provider = null!;
    private TieoutProcess? _gateway;

    private Platform(string folder)
    {
        Folder = folder;
        _config = Path.Combine(folder, "tieout.yaml");
        Url = $"http://127.0.0.1:{TieoutProcess.FreePort()}";
        ProviderUrl = $"http://127.0.0.1:{TieoutProcess.FreePort()}";
        Admin = new HttpClient { BaseAddress = new Uri($"{Url}/api/v1/") };
        Admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminToken);
    }

    public IReadOnlyDictionary<string, string> Environment => _environment;

    public string Folder { get; }
    public string Data => Path.Combine(Folder, "data");
    public string Url { get; }
    public string ProviderUrl { get; }
    public HttpClient Admin { get; }
    public static string AdminSecret => AdminToken;
    public int GatewayId => _gateway!.Id;
    public string Printed => _gateway?.Printed ?? "";

    /// <param name="gateway">Lines for the <c>gateway:</c> section of <c>tieout.yaml</c>.</param>
    public static Task<Platform> StartAsync(params string[] gateway) => StartAsync(provider => Configuration(provider, store: null, gateway));

    /// <summary>The text of a <c>tieout.yaml</c> with <see cref="Model"/> at the simulated provider.</summary>
    /// <param name="store">Null: the embedded one.</param>
    /// <inheritdoc cref="StartAsync(string[])"/>
    public static string Configuration(string provider, string? store, params string[] gateway) => $$"""
        {{(store is null ? "" : $"store: {store}")}}
        providers:
          sim: { dialect: openai, base_url: "{{provider}}/v1", api_key: sk-simulated, forward_headers: ["X-Sim-*"] }
        models:
          - name: {{Model}}
            upstreams: [{ provider: sim, model: {{Model}} }]
        {{(gateway.Length == 0 ? "" : $"gateway:\n  {string.Join("\n  ", gateway)}")}}
        """;

    /// <param name="configuration">The text of <c>tieout.yaml</c>, given the simulated provider's address.</param>
    public static async Task<Platform> StartAsync(Func<string, string> configuration)
    {
        var platform = new Platform(Directory.CreateTempSubdirectory("tieout-simulation-").FullName);
        await File.WriteAllTextAsync(platform._config, configuration(platform.ProviderUrl));
        platform._provider = await TieoutProcess.StartAsync(platform.ProviderUrl, platform._environment, "simulate-provider", "--listen", platform.ProviderUrl);
        await platform.StartGatewayAsync();
        return platform;
    }

    public async Task StartGatewayAsync() =>
        _gateway = await TieoutProcess.StartAsync(Url, _environment, "serve", "--data", Data, "--listen", Url, "--config", _config);

    /// <summary>Another gateway of the same configuration, at an address and with a data folder of its own.</summary>
    public async Task<(TieoutProcess Process, string Url)> StartNodeAsync(string name)
    {
        var url = $"http://127.0.0.1:{TieoutProcess.FreePort()}";
        return (await TieoutProcess.StartAsync(url, _environment, "serve", "--data", Path.Combine(Folder, name), "--listen", url, "--config", _config), url);
    }

    public async Task KillGatewayAsync()
    {
        if (_gateway is null) return;
        await _gateway.DisposeAsync();
        _gateway = null;
    }

    public Task<(int ExitCode, string Output)> RunAsync(params string[] arguments) =>
        TieoutProcess.RunAsync(new Dictionary<string, string>(_environment) { ["TIEOUT_URL"] = Url, ["TIEOUT_TOKEN"] = AdminToken }, arguments);

    /// <summary>Opens a prepaid org with this much money.</summary>
    public async Task OpenOrgAsync(string org, string money)
    {
        await SendAsync(HttpMethod.Post, "orgs", new { id = org, asset = "USD", billing = "prepaid" });
        await SendAsync(HttpMethod.Post, $"orgs/{org}/topups", new { amount = money, id = "start" });
    }

    /// <summary>Makes a key with every scope and returns its secret and its id.</summary>
    public async Task<(string Secret, string Id)> MakeKeyAsync(string org, string? team = null)
    {
        if (team is not null) await SendAsync(HttpMethod.Post, $"orgs/{org}/teams", new { name = team });
        var key = await SendAsync(HttpMethod.Post, $"orgs/{org}/keys", new { team, scopes = KeyScope.All.Select(scope => scope.Name) });
        return (key.GetProperty("key").GetString()!, key.GetProperty("id").GetString()!);
    }

    public async Task<JsonElement> SendAsync(HttpMethod method, string path, object body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        using var answer = await Admin.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonElement.Parse(text) : throw new InvalidOperationException($"{method} {path} answered {(int)answer.StatusCode}: {text}");
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await Admin.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode
            ? JsonElement.Parse(text) : throw new InvalidOperationException($"GET {path} answered {(int)answer.StatusCode}: {text}");
    }

    /// <summary>The health in detail of a server of this platform.</summary>
    public async Task<JsonElement> HealthAsync(string url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{url}/api/v1/health/detail");
        using var answer = await Admin.SendAsync(request);
        return JsonElement.Parse(await answer.Content.ReadAsStringAsync());
    }

    /// <summary>An amount that the API gave under this name.</summary>
    public static Amount Money(JsonElement body, string name) => Amount.Parse(body.GetProperty(name).GetString()!);

    /// <summary>A chat completion over plain HTTP, so that every header can be seen.</summary>
    public static HttpRequestMessage Chat(string url, string key, int promptTokens, int completionTokens, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"{url}/v1/chat/completions")
        {
            Content = JsonContent.Create(new
            {
                model = Model,
                max_tokens = completionTokens,
                messages = new[] { new { role = "user", content = new string('x', promptTokens) } },
            }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Headers.Add("X-Sim-Prompt-Tokens", promptTokens.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("X-Sim-Completion-Tokens", completionTokens.ToString(CultureInfo.InvariantCulture));
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await KillGatewayAsync();
        await _provider.DisposeAsync();
        Admin.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
