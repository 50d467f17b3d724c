using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Tests.Gateway;
using Tieout.Tests;

namespace Tieout.Server.Tests.Attribution;

/// <summary>The gateway's world with envelopes on: a second tenant, <c>beta</c>, and a platform whose worker may act for <c>acme</c> only.</summary>
internal sealed class EnvelopeWorld : IAsyncDisposable
{
    public const string Admin = "an-admin-token";
    public const string BetaSecret = "tk-of-beta";
    public const string WorkerSecret = "tk-of-the-worker";
    public const string SecretText = "an envelope secret that is long enough";

    public required World World { get; init; }

    public static async Task<EnvelopeWorld> StartAsync(AheadClock? time = null)
    {
        var world = await World.StartAsync(
            change: options => options with { AdminToken = Admin, EnvelopeSecret = EnvelopeSecretFile.Parse(SecretText), Time = time ?? options.Time });
        foreach (var org in (string[])["beta", "platform"])
        {
            await world.DoAsync(new Command.OpenOrg(new Org(org, "USD", BillingMode.Prepaid, null, "UTC")));
            await world.DoAsync(new Command.TopUp($"first-{org}", org, Amount.Parse("1000")));
        }

        await AddAsync(world, new ApiKey("key-beta", "beta", null, null, null, Hash(BetaSecret), false, DateTimeOffset.UnixEpoch) { Terms = World.AllScopes });
        await AddAsync(world,
            new ApiKey("worker-7", "platform", "crew", null, null, Hash(WorkerSecret), false, DateTimeOffset.UnixEpoch, Worker: true,
                Tenants: ["acme"])
            { Terms = World.AllScopes });
        return new() { World = world };
    }

    public Task AddWorkerAsync(string id, string secret, params string[] tenants) =>
        AddAsync(World,
            new ApiKey(id, "platform", null, null, null, Hash(secret), false, DateTimeOffset.UnixEpoch, Worker: true,
                Tenants: [.. tenants])
            { Terms = World.AllScopes });

    /// <returns>Status and body.</returns>
    public async Task<(int Status, JsonElement Body)> ApiAsync(string path, string? body, string token = Admin)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, "/api/v1" + path);
        request.Headers.Authorization = new("Bearer", token);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await World.Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    public async Task<string> IssueAsync(
        string body = """{"originator_id":"user:jane","workflow_id":"wf-1","operation_id":"op-1"}""", string token = World.Secret)
    {
        var (status, issued) = await ApiAsync("/envelopes", body, token);
        Assert.True(status == 201, issued.ToString());
        return issued.GetProperty("envelope").GetString()!;
    }

    public Task<HttpResponseMessage> ChatAsync(string secret, params string[] headers) =>
        World.ChatAsync(World.Hello, [$"Authorization: Bearer {secret}", .. headers]);

    public async Task<IReadOnlyList<UsageRow>> UsageAsync(string org)
    {
        var rows = new List<UsageRow>();
        await foreach (var row in World.Read.UsageAsync(new(org, Instant.UnixEpoch, new Instant(long.MaxValue)), TestContext.Current.CancellationToken))
        {
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>The same claims for another tenant under the same signature: what a rewriting hop would send on.</summary>
    public static string Rewritten(string token, string from, string to)
    {
        var parts = token.Split('.');
        var claims = Encoding.ASCII.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[1])).Replace(
            $"\"{from}\"", $"\"{to}\"", StringComparison.Ordinal);
        return $"{parts[0]}.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.ASCII.GetBytes(claims))}.{parts[2]}";
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    private static Task AddAsync(World world, ApiKey key) => world.DoAsync(new Command.Record(SettingKind.Key, key.Org, key.Id, key.ToJson(), Once: false));

    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
