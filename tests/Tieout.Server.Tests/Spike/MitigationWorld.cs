using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Spike.Mitigations;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;
using Tieout.Tests;

namespace Tieout.Server.Tests.Spike;

/// <summary>A gateway in front of a simulated provider, two tenants, and the calls that set mitigations.</summary>
internal sealed class MitigationWorld : IAsyncDisposable
{
    public required EnvelopeWorld Tenants { get; init; }

    public required AheadClock Clock { get; init; }

    public World World => Tenants.World;

    public MitigationExpiry Expiry => World.Server.Services.GetRequiredService<MitigationExpiry>();

    public static async Task<MitigationWorld> StartAsync()
    {
        var clock = new AheadClock();
        return new() { Tenants = await EnvelopeWorld.StartAsync(clock), Clock = clock };
    }

    public Task<JsonElement> SetAsync(string id, string kind, string scope, string rule, string org = World.Org) => CallAsync(
        HttpMethod.Put, $"/orgs/{org}/mitigations/{id}",
        $$"""{"kind":"{{kind}}","scope":{{scope}},"rule":{{rule}},"owner":"ann","reason":"A test.","expires_in_seconds":3600}""");

    /// <summary>Sets a mitigation of acme's requests, by default of each, in a world whose admin token is <see cref="EnvelopeWorld.Admin"/>.</summary>
    public static async Task PutAsync(World world, string id, string kind, string rule, string scope = "{}")
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri($"{world.Server.Urls.First()}/api/v1/orgs/acme/mitigations/{id}"))
        {
            Content = new StringContent(
                $$"""{"kind":"{{kind}}","scope":{{scope}},"rule":{{rule}},"owner":"ann","reason":"A test.","expires_in_seconds":3600}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", EnvelopeWorld.Admin);
        using var response = await world.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(201, (int)response.StatusCode);
    }

    public Task<JsonElement> RemoveAsync(string id) => CallAsync(HttpMethod.Delete, $"/orgs/acme/mitigations/{id}");

    /// <summary>A call of the API that must succeed.</summary>
    public async Task<JsonElement> CallAsync(HttpMethod method, string path, string? body = null)
    {
        var (status, answer) = await TryAsync(method, path, body);
        Assert.True(status < 300, $"{method} {path}: {status} {answer}");
        return answer;
    }

    public async Task<(int Status, JsonElement Body)> TryAsync(HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, "/api/v1" + path);
        request.Headers.Authorization = new("Bearer", EnvelopeWorld.Admin);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await World.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken));
    }

    /// <summary>Sends a chat request and says how it ended: the code of the error, or the status.</summary>
    public async Task<string> ChatAsync(params string[] headers)
    {
        using var response = await World.ChatAsync(World.Hello, headers);
        return await EndAsync(response);
    }

    public static async Task<string> EndAsync(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode) return $"{(int)response.StatusCode}";
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("error");
        return $"{(int)response.StatusCode} {error.GetProperty("code").GetString()}";
    }

    public static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    public ValueTask DisposeAsync() => Tenants.DisposeAsync();
}
