using System.Text.Json;
using System.Text.RegularExpressions;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Tests.Gateway;
using Tieout.Tests;

namespace Tieout.Server.Tests.Errors.Golden;

/// <summary>One server that many samples are sent to, and the values that their requests name.</summary>
internal sealed partial class GoldenWorld : IAsyncDisposable
{
    private const string Admin = "an-admin-token";

    /// <summary>Shorter values, such as the number of a posting, occur by chance too.</summary>
    private const int MaskedLengthMin = 6;

    /// <summary>Longer values fill bodies, and no answer repeats them.</summary>
    private const int MaskedLengthMax = 1_000;

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal) { ["admin"] = Admin, ["key"] = World.Secret };
    private readonly HttpClient _http;

    private GoldenWorld(World world, AheadClock time)
    {
        (World, Time) = (world, time);
        _http = new(new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 }) { BaseAddress = world.Http.BaseAddress };
    }

    public World World { get; }

    /// <summary>The server's clock. The ledger's stays the machine's.</summary>
    public AheadClock Time { get; }

    /// <summary>A value that requests name as <c>{name}</c>.</summary>
    public string this[string name]
    {
        set => _values[name] = value;
    }

    public static async Task<GoldenWorld> StartAsync(GoldenServer server)
    {
        var time = new AheadClock();
        var world = await World.StartAsync(change: options => GoldenOptions.Of(server, options with { AdminToken = Admin, Time = time }));
        return new(world, time);
    }

    /// <summary>The text of a sample's file.</summary>
    public async Task<string> TextAsync(GoldenSample sample)
    {
        try
        {
            if (sample.Before is { } before) await before(this);
            var request = GoldenRequest.Of(sample);
            using var message = request.Message(Filled);
            using var response = await _http.SendAsync(message, TestContext.Current.CancellationToken);
            return $"{sample.State}\n>>>\n{request.Shown}<<<\n{GoldenAnswer.Normalised(Masked(await GoldenAnswer.TextAsync(response)))}";
        }
        finally
        {
            World.Ledger.Repair();
            Time.Ahead = TimeSpan.Zero;
        }
    }

    /// <summary>A call of the API that must succeed.</summary>
    /// <param name="token">Null: the admin's.</param>
    public async Task<JsonElement> DoAsync(string method, string path, string? body = null, string? token = null)
    {
        using var request = new GoldenRequest(method, "/api/v1" + path, [("Authorization", $"Bearer {token ?? Admin}")], body).Message(Filled);
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return JsonElement.Parse(text);
    }

    /// <summary>Opens a prepaid org.</summary>
    public async Task OrgAsync(string org, string topUp = "0", string asset = "USD")
    {
        await DoAsync("POST", "/orgs", $$"""{"id":"{{org}}","asset":"{{asset}}","billing":"prepaid"}""");
        if (topUp != "0") await World.DoAsync(new Command.TopUp($"first-{org}", org, Amount.Parse(topUp)));
    }

    /// <summary>Makes a key, which requests name.</summary>
    /// <param name="terms">The body of the call.</param>
    public async Task KeyAsync(string name, string terms, string org = World.Org) =>
        this[name] = (await DoAsync("POST", $"/orgs/{org}/keys", terms)).GetProperty("key").GetString()!;

    /// <summary>Makes a token of a role, which requests name.</summary>
    public async Task TokenAsync(string name, string role) =>
        this[name] = (await DoAsync("POST", "/tokens", $$"""{"role":"{{role}}"}""")).GetProperty("token").GetString()!;

    public string Value(string name) => _values[name];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await World.DisposeAsync();
    }

    private string Filled(string text) =>
        Placeholder().Replace(text, match => _values.TryGetValue(match.Groups[1].Value, out var value) ? value : throw new KeyNotFoundException(match.Value));

    private string Masked(string text)
    {
        foreach (var (name, value) in _values.Where(one => one.Value.Length is >= MaskedLengthMin and <= MaskedLengthMax).OrderByDescending(
            one => one.Value.Length)) text = text.Replace(value, $"{{{name}}}", StringComparison.Ordinal);
        return text;
    }

    [GeneratedRegex(@"\{([a-z_]+)\}")]
    private static partial Regex Placeholder();
}
