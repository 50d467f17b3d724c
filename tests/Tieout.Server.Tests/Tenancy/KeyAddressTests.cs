using System.Net;
using System.Text.Json;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Keys that may be used from some addresses only.</summary>
public sealed class KeyAddressTests
{
    // Method: the tests come from 127.0.0.1; behind a trusted proxy they come from where it says.
    [Fact]
    public async Task A_key_is_refused_at_every_door_from_an_address_that_is_not_in_its_list()
    {
        await using var keys = await KeyWorld.StartAsync();
        var (id, secret) = await keys.MakeAsync("""
            "addresses":["203.0.113.0/24","2001:db8::/32"]
            """);
        foreach (var (door, (status, body)) in await EveryDoorAsync(keys, secret))
        {
            // OTLP has numbers for codes: 7 is "permission denied".
            Assert.Equal((door, 403, door == "traces" ? "7" : "address_not_allowed"), (door, status, Code(body)));
            Assert.Contains("127.0.0.1", body.GetRawText(), StringComparison.Ordinal);
        }

        Assert.Empty(keys.World.Bill.Calls());
        Assert.Empty(await keys.World.UsageAsync());

        var (changed, terms) = await keys.AdminAsync(HttpMethod.Put, $"/orgs/acme/keys/{id}/terms",
            """{"scopes":["inference","usage.write","read.billing"],"addresses":["203.0.113.0/24","127.0.0.1"]}""");
        Assert.Equal((200, """["203.0.113.0/24","127.0.0.1/32"]"""), (changed, terms.GetProperty("addresses").GetRawText()));
        foreach (var (door, (status, body)) in await EveryDoorAsync(keys, secret)) Assert.True(status == 200, $"{door}: {status} {body}");
    }

    [Fact]
    public async Task The_address_that_counts_is_the_one_before_the_trusted_proxies()
    {
        await using var keys =
            await KeyWorld.StartAsync(options => options with { Doors = options.Doors with { TrustedProxies = [new(IPAddress.Loopback, 32)] } });
        var (_, secret) = await keys.MakeAsync("""
            "addresses":["203.0.113.0/24"]
            """);
        Assert.Equal(200, (await keys.ChatAsync(secret, "X-Forwarded-For: 203.0.113.9")).Status);
        foreach (var forwarded in (string[])["198.51.100.1", "203.0.113.9, 198.51.100.1"])
        {
            var (status, body) = await keys.ChatAsync(secret, $"X-Forwarded-For: {forwarded}");
            Assert.Equal((403, "address_not_allowed"), (status, Code(body)));
        }
    }

    [Fact]
    public async Task Who_is_not_behind_a_trusted_proxy_cannot_say_another_address()
    {
        await using var keys = await KeyWorld.StartAsync();
        var (_, secret) = await keys.MakeAsync("""
            "addresses":["203.0.113.0/24"]
            """);
        var (status, body) = await keys.ChatAsync(secret, "X-Forwarded-For: 203.0.113.9");
        Assert.Equal((403, "address_not_allowed"), (status, Code(body)));
    }

    [Fact]
    public async Task Both_secrets_of_a_rotated_key_have_its_list()
    {
        await using var keys = await KeyWorld.StartAsync();
        var (id, old) = await keys.MakeAsync("""
            "addresses":["203.0.113.9"]
            """);
        var (_, rotated) = await keys.AdminAsync(HttpMethod.Post, $"/orgs/acme/keys/{id}/rotate", "{}");
        foreach (var secret in new[] { old, rotated.GetProperty("key").GetString()! }) Assert.Equal(403, (await keys.ChatAsync(secret)).Status);
    }

    [Theory]
    [InlineData("[]"), InlineData("""["10.0.0.1/8"]"""), InlineData("""["example.com"]"""), InlineData("[null]"), InlineData("[65]")]
    public async Task A_list_that_cannot_be_read_is_refused(string list)
    {
        await using var keys = await KeyWorld.StartAsync();
        var entries = list == "[65]" ? JsonSerializer.Serialize(Enumerable.Range(0, 65).Select(number => $"10.0.0.{number}")) : list;
        var (status, body) = await keys.AdminAsync(HttpMethod.Post, "/orgs/acme/keys", $$"""{"addresses":{{entries}}}""");
        Assert.Equal((400, "parameter_invalid"), (status, Code(body)));
    }

    private static async Task<IReadOnlyList<(string Door, (int Status, JsonElement Body))>> EveryDoorAsync(KeyWorld keys, string secret) =>
    [
        ("chat", await keys.ChatAsync(secret)),
        ("models", await keys.SendAsync(HttpMethod.Get, "/v1/models", secret)),
        ("usage", await keys.IngestAsync(secret)),
        ("traces", await keys.SendAsync(HttpMethod.Post, "/v1/traces", secret, """{"resourceSpans":[]}""")),
        ("balance", await keys.SendAsync(HttpMethod.Get, "/api/v1/orgs/acme/balance", secret)),
    ];

    private static string? Code(JsonElement body) =>
        (body.TryGetProperty("error", out var error) ? error : body).TryGetProperty("code", out var code) ? code.ToString() : body.GetRawText();
}
