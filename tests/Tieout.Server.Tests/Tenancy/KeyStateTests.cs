using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Gateway;
using Tieout.Tests;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Keys through their lives, at the gateway.</summary>
[Collection("The console, of which there is one")]
public sealed class KeyStateTests
{
    private const string Admin = "root-token-of-a-test";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: each state of a key and the gateway's answer to it, in OpenAI's shape. Method: a table of what is done to a key, then one request.
    [Theory]
    [InlineData("", "", 200, "")]
    [InlineData("POST expire", "", 401, "invalid_api_key")]
    [InlineData("POST block", "", 401, "invalid_api_key")]
    [InlineData("POST block,POST unblock", "", 200, "")]
    [InlineData("PUT terms", """{"models":["gpt-4o*"]}""", 200, "")]
    [InlineData("PUT terms", """{"models":["gpt-5","cheap"]}""", 403, "model_not_allowed")]
    [InlineData("PUT terms", """{"scopes":["embeddings"]}""", 403, "scope_not_allowed")]
    [InlineData("PUT terms", """{"scopes":["inference"]}""", 200, "")]
    [InlineData("PUT terms", """{"scopes":["chat"],"metadata":{"owner":"ana"},"expires_at":"2100-01-01"}""", 200, "")]
    public async Task A_key_is_let_in_or_refused_by_its_state(string steps, string body, int status, string code)
    {
        await using var world = await StartAsync();
        var (id, secret) = await KeyAsync(world);
        foreach (var step in steps.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = step.Split(' ');
            using var done = await AdminAsync(world, words[0], $"/orgs/acme/keys/{id}/{words[1]}", body);
            Assert.True(done.IsSuccessStatusCode, await done.Content.ReadAsStringAsync(Stop));
        }

        Assert.Equal((status, code), await AskAsync(world, secret));
        if (status != 200) Assert.Empty(world.Bill.Calls());
    }

    [Fact]
    public async Task After_a_rotation_both_secrets_are_good_until_the_grace_period_ends()
    {
        var clock = new AheadClock();
        await using var world = await StartAsync(options => options with { Time = clock });
        var (id, old) = await KeyAsync(world);
        var made = await JsonAsync(world, "POST", $"/orgs/acme/keys/{id}/rotate", """{"grace_seconds":60}""");
        var young = made.GetProperty("key").GetString()!;

        Assert.Equal((200, ""), await AskAsync(world, old));
        Assert.Equal((200, ""), await AskAsync(world, young));
        clock.Ahead = TimeSpan.FromSeconds(61);
        Assert.Equal((401, "invalid_api_key"), await AskAsync(world, old));
        Assert.Equal((200, ""), await AskAsync(world, young));

        var last = (await JsonAsync(world, "POST", $"/orgs/acme/keys/{id}/rotate", """{"grace_seconds":0}""")).GetProperty("key").GetString()!;
        Assert.Equal((401, "invalid_api_key"), await AskAsync(world, young));
        Assert.Equal((200, ""), await AskAsync(world, last));
    }

    [Theory]
    [InlineData("""{"models":[]}""")]
    [InlineData("""{"models":["two words"]}""")]
    [InlineData("""{"scopes":["gardening"]}""")]
    [InlineData("""{"expires_at":"2001-01-01"}""")]
    [InlineData("""{"metadata":{"two words":"x"}}""")]
    [InlineData("""{"secret":"x"}""")]
    public async Task Terms_that_cannot_be_meant_are_refused(string body)
    {
        await using var world = await StartAsync();
        var (id, secret) = await KeyAsync(world);
        using var refused = await AdminAsync(world, "PUT", $"/orgs/acme/keys/{id}/terms", body);
        Assert.Equal(400, (int)refused.StatusCode);
        Assert.Equal((200, ""), await AskAsync(world, secret));
    }

    // Goal: no secret leaves the place it belongs to. Method: requests, good and bad, with known secrets; then everything that was printed,
    // answered and stored is searched for them, the ledger's and the spool's files byte by byte.
    [Fact]
    public async Task Secrets_are_never_in_logs_errors_answers_or_files()
    {
        var printed = new StringWriter();
        var console = System.Console.Out;
        System.Console.SetOut(TextWriter.Synchronized(printed));
        var answers = new StringBuilder();
        var secrets = new List<string> { Admin, World.ProviderKey, World.Secret, "wrong-but-secret" };
        var stored = new List<(string Name, byte[] Bytes)>();
        try
        {
            await using var world = await StartAsync();
            var (id, old) = await KeyAsync(world);
            var young = (await JsonAsync(world, "POST", $"/orgs/acme/keys/{id}/rotate", "{}")).GetProperty("key").GetString()!;
            var token = (await JsonAsync(world, "POST", "/tokens", """{"role":"viewer"}""")).GetProperty("token").GetString()!;
            secrets.AddRange([old, young, token]);
            world.Ledger.Broken = command => command is Core.Ledger.Command.Settle;
            foreach (var secret in secrets)
            {
                foreach (var body in (string[])[World.Hello, World.HelloStream, "{", World.Hello.Replace("gpt-4o", "mystery", StringComparison.Ordinal)])
                {
                    using var response = await world.ChatAsync(body, $"Authorization: Bearer {secret}");
                    answers.Append(response.Headers).Append(await response.Content.ReadAsStringAsync(Stop));
                }

                foreach (var path in (string[])["/orgs", "/audit", "/tokens", "/orgs/acme/keys", "/nothing"])
                {
                    using var response = await AdminAsync(world, "GET", path, "", secret);
                    answers.Append(response.Headers).Append(await response.Content.ReadAsStringAsync(Stop));
                }
            }

            // What waits stays in the spool's file, and the file is free to be read.
            await world.Server.StopAsync(new CancellationTokenSource(TimeSpan.FromMilliseconds(200)).Token);
            await world.Server.DisposeAsync();
            foreach (var file in world.Folder.EnumerateFiles("*", SearchOption.AllDirectories))
            {
                if (file.Extension == ".lock") continue;
                await using var stream = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                stored.Add((file.Name, await AllAsync(stream)));
            }
        }
        finally
        {
            System.Console.SetOut(console);
        }

        Assert.Contains(stored, file => file.Name == "spool.log" && file.Bytes.AsSpan().IndexOf("settle"u8) >= 0);
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(secret, printed.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(secret, answers.ToString(), StringComparison.Ordinal);
            Assert.All(stored, file => Assert.True(file.Bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) < 0, $"{file.Name} holds {secret}"));
        }
    }

    private static Task<World> StartAsync(Func<ServerOptions, ServerOptions>? change = null) =>
        World.StartAsync(change: options => (change?.Invoke(options) ?? options) with { AdminToken = Admin });

    private static async Task<(string Id, string Secret)> KeyAsync(World world)
    {
        var made = await JsonAsync(world, "POST", "/orgs/acme/keys", "{}");
        return (made.GetProperty("id").GetString()!, made.GetProperty("key").GetString()!);
    }

    private static async Task<JsonElement> JsonAsync(World world, string method, string path, string body)
    {
        using var response = await AdminAsync(world, method, path, body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Stop));
        return await response.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    private static Task<HttpResponseMessage> AdminAsync(World world, string method, string path, string body, string token = Admin)
    {
        var request = new HttpRequestMessage(new(method), "/api/v1" + path) { Headers = { Authorization = new("Bearer", token) } };
        if (body.Length > 0) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return world.Http.SendAsync(request, Stop);
    }

    private static async Task<(int Status, string Code)> AskAsync(World world, string secret)
    {
        using var response = await world.ChatAsync(World.Hello, $"Authorization: Bearer {secret}");
        if (response.IsSuccessStatusCode) return ((int)response.StatusCode, "");
        return ((int)response.StatusCode, (await World.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString()!);
    }

    private static async Task<byte[]> AllAsync(Stream stream)
    {
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, Stop);
        return bytes.ToArray();
    }
}
