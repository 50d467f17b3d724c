using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>A gateway with its provider, where keys are made through the API and then used at every kind of door.</summary>
internal sealed class KeyWorld(World world) : IAsyncDisposable
{
    private const string Admin = "root-token-of-a-test";

    private int _items;

    public World World => world;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<KeyWorld> StartAsync(Func<ServerOptions, ServerOptions>? change = null) =>
        new(await World.StartAsync(change: options => (change?.Invoke(options) ?? options) with { AdminToken = Admin }));

    /// <param name="terms">Members of the body, without braces.</param>
    public async Task<(string Id, string Secret)> MakeAsync(string terms = "")
    {
        var body = $$"""{"scopes":["inference","usage.write","read.billing"]{{(terms.Length > 0 ? "," + terms : "")}}}""";
        var (status, made) = await AdminAsync(HttpMethod.Post, "/orgs/acme/keys", body);
        Assert.True(status == 201, $"{status} {made}");
        return (made.GetProperty("id").GetString()!, made.GetProperty("key").GetString()!);
    }

    public Task<(int Status, JsonElement Body)> AdminAsync(HttpMethod method, string path, string? body = null) =>
        SendAsync(method, "/api/v1" + path, Admin, body);

    public async Task<(int Status, JsonElement Body)> SendAsync(HttpMethod method, string path, string secret, string? body = null, params string[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { Authorization = new("Bearer", secret) } };
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var header in headers)
        {
            request.Headers.Add(header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
        }

        using var response = await world.Http.SendAsync(request, Stop);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(Stop));
    }

    public Task<(int Status, JsonElement Body)> ChatAsync(string secret, params string[] headers) =>
        SendAsync(HttpMethod.Post, "/v1/chat/completions", secret, World.Hello, headers);

    /// <summary>Hands in one item of 1000 tokens of gpt-4o.</summary>
    /// <param name="labels">Members of the item, without braces.</param>
    /// <returns>Of the item, where the call itself was taken.</returns>
    public async Task<(int Status, JsonElement Body)> IngestAsync(string secret, string labels = "", params string[] headers)
    {
        var item = $$"""[{"id":"item-{{++_items}}","occurred_at":"{{DateTimeOffset.UtcNow.AddSeconds(-5):yyyy-MM-ddTHH:mm:ssZ}}","provider":"openai","model":"gpt-4o","input_tokens":1000{{(labels.Length > 0 ? "," + labels : "")}}}]""";
        return await SendAsync(HttpMethod.Post, "/api/v1/usage", secret, item, headers);
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();
}
