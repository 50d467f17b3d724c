using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Files for batches: checked before they go anywhere, each org's own, and free.</summary>
public sealed class BatchesFileTests
{
    internal const string Other = "tk-of-another-org";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_reaches_the_provider_as_it_is_but_for_the_models_names()
    {
        await using var world = await BatchesWorld.StartAsync(topUp: "0");
        var odd = BatchesWorld.Line("a", "cheap", more: ", \"unknown\" : [1.50 , \"\\u00fc\"]");
        var lines = $"{odd}\r\n\n{BatchesWorld.Line("b")}";

        using var response = await world.UploadAsync(lines);
        var file = JsonElement.Parse(await response.Content.ReadAsStringAsync(Stop));
        var id = file.GetProperty("id").GetString();
        var content = await (await world.SendAsync(HttpMethod.Get, $"/v1/files/{id}/content")).TextAsync();

        Assert.Equal(lines.Replace("\"cheap\"", "\"gpt-4o-mini\"", StringComparison.Ordinal) + "\n", content);
        Assert.Equal(("lines.jsonl", "batch"), (file.GetProperty("filename").GetString(), file.GetProperty("purpose").GetString()));
        Assert.Equal(id, (await world.GetAsync($"/v1/files/{id}")).GetProperty("id").GetString());
        Assert.Equal(0, world.Bill.Totals().Billed);
        Assert.Empty(await world.UsageAsync());
    }

    [Theory]
    [InlineData("", "fine-tune", 400, "purpose")]
    [InlineData("", "batch", 400, "no lines")]
    [InlineData("not JSON", "batch", 400, "Line 1: It is not valid JSON")]
    [InlineData("""{"custom_id":"a","custom_id":"b","url":"/v1/chat/completions","body":{}}""", "batch", 400, "twice")]
    [InlineData("""{"custom_id":"a","url":"/v1/chat/completions","body":{"messages":[]},"body":{}}""", "batch", 400, "twice")]
    [InlineData("""{"custom_id":"a","url":"/v1/images/generations","body":{}}""", "batch", 400, "/v1/images/generations")]
    [InlineData("""{"custom_id":"a","method":"GET","url":"/v1/chat/completions","body":{}}""", "batch", 400, "method")]
    [InlineData("""{"url":"/v1/chat/completions","body":{}}""", "batch", 400, "custom_id")]
    [InlineData("""{"custom_id":"a","url":"/v1/chat/completions","body":{"model":"gpt-4o"}}""", "batch", 400, "messages")]
    [InlineData("""{"custom_id":"a","url":"/v1/chat/completions","body":{"model":"nobody","messages":[]}}""", "batch", 404, "nobody")]
    [InlineData("""{"custom_id":"a","url":"/v1/chat/completions","body":{"model":"claude-sonnet-4-5","messages":[]}}""", "batch", 404, "claude-sonnet-4-5")]
    public async Task A_file_that_cannot_be_a_batch_goes_nowhere(string content, string purpose, int status, string says)
    {
        await using var world = await BatchesWorld.StartAsync();

        var error = await (await world.UploadAsync(content, purpose)).ErrorAsync(status);

        Assert.Contains(says, error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(world.Bill.Calls());
        // The server sends the answer before it deletes the file.
        await World.SoonAsync(() => Task.FromResult(Directory.GetFiles(Path.Combine(world.Folder.FullName, "uploads")).Length == 0), "the upload is deleted");
    }

    [Theory]
    [InlineData(2_000)]
    [InlineData(400_000)]
    public async Task A_file_that_is_too_large_is_refused_with_the_limit(int bytes)
    {
        await using var world = await BatchesWorld.StartAsync(gateway: options => options with { FileBytesMax = 1_000 });

        var error = await (await world.UploadAsync(new string(' ', bytes))).ErrorAsync(413);

        Assert.Equal("body_too_large", error.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("1000 bytes", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_orgs_files_and_batches_do_not_exist()
    {
        await using var world = await BatchesWorld.StartAsync();
        await AddOtherOrgAsync(world);
        var file = await world.FileAsync(BatchesWorld.Line("only"));
        var batch = await world.BatchAsync(file);
        var output = (await world.EndedAsync(batch)).GetProperty("output_file_id").GetString();

        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, $"/v1/files/{file}"), (HttpMethod.Get, $"/v1/files/{file}/content"), (HttpMethod.Get,
                $"/v1/files/{output}/content"), (HttpMethod.Delete, $"/v1/files/{file}"),
            (HttpMethod.Get, $"/v1/batches/{batch}"), (HttpMethod.Post, $"/v1/batches/{batch}/cancel"),
        })
        {
            var error = await (await world.SendAsync(method, path, secret: Other)).ErrorAsync(404);
            Assert.Equal("not_found", error.GetProperty("error").GetProperty("code").GetString());
            Assert.Equal("invalid_request_error", error.GetProperty("error").GetProperty("type").GetString());
        }

        var stolen = await world.PostAsync(
            "/v1/batches", $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""", $"Authorization: Bearer {Other}");
        await stolen.ErrorAsync(404);
        foreach (var list in new[] { "/v1/files", "/v1/batches" })
        {
            using var foreign = await world.SendAsync(HttpMethod.Get, list, secret: Other);
            Assert.Equal(0, JsonElement.Parse(await foreign.Content.ReadAsStringAsync(Stop)).GetProperty("data").GetArrayLength());
            Assert.Equal(1, (await world.GetAsync(list)).GetProperty("data").GetArrayLength());
        }

        Assert.Equal(200, (int)(await world.SendAsync(HttpMethod.Get, $"/v1/files/{file}")).StatusCode);
    }

    [Fact]
    public async Task A_list_comes_in_pages_newest_first_and_a_deleted_file_is_gone()
    {
        await using var world = await BatchesWorld.StartAsync();
        var files = new List<string>();
        for (var i = 0; i < 5; i++) files.Add(await world.FileAsync(BatchesWorld.Line($"line-{i}")));

        var deleted = await (await world.SendAsync(HttpMethod.Delete, $"/v1/files/{files[3]}")).TextAsync();
        var first = await world.GetAsync("/v1/files?limit=2");
        var second = await world.GetAsync($"/v1/files?limit=2&after={first.GetProperty("last_id").GetString()}");

        Assert.True(JsonElement.Parse(deleted).GetProperty("deleted").GetBoolean());
        Assert.Equal([files[4], files[2]], first.GetProperty("data").EnumerateArray().Select(file => file.GetProperty("id").GetString()));
        Assert.Equal([files[1], files[0]], second.GetProperty("data").EnumerateArray().Select(file => file.GetProperty("id").GetString()));
        Assert.Equal((true, false), (first.GetProperty("has_more").GetBoolean(), second.GetProperty("has_more").GetBoolean()));
        await (await world.SendAsync(HttpMethod.Get, $"/v1/files/{files[3]}")).ErrorAsync(404);
        await (await world.CreateAsync(files[3])).ErrorAsync(404);
    }

    [Fact]
    public async Task A_batch_in_which_a_custom_id_is_there_twice_is_refused()
    {
        await using var world = await BatchesWorld.StartAsync();
        var file = await world.FileAsync(BatchesWorld.Line("same"), BatchesWorld.Line("same"));

        var error = await (await world.CreateAsync(file)).ErrorAsync(400);

        Assert.Contains("Line 2: The custom_id 'same' occurs twice", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Fact]
    public async Task A_request_that_names_two_files_is_refused()
    {
        await using var world = await BatchesWorld.StartAsync();
        var (one, other) = (await world.FileAsync(BatchesWorld.Line("a")), await world.FileAsync(BatchesWorld.Line("b")));

        using var response = await world.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{one}}","input_file_id":"{{other}}","endpoint":"/v1/chat/completions"}""", $"Authorization: Bearer {World.Secret}");

        await response.ErrorAsync(400);
        Assert.DoesNotContain(world.Bill.Calls(), call => call.Endpoint == "batches");
    }

    [Theory]
    [InlineData("""{"Models":["cheap"]}""", "/v1/files", 403)]
    [InlineData("""{"Scopes":["chat"]}""", "/v1/files", 403)]
    [InlineData("""{"Scopes":["files","chat"]}""", "/v1/batches", 403)]
    [InlineData("""{"Scopes":["files","batches"]}""", "/v1/batches", 403)]
    [InlineData("""{"Models":["gpt-4o"],"Scopes":["files","batches","chat"]}""", "/v1/batches", 200)]
    public async Task A_keys_terms_hold_for_every_line(string terms, string path, int status)
    {
        await using var world = await BatchesWorld.StartAsync();
        var key = new ApiKey(
            "key-l", World.Org, null, null, null, Hash("tk-limited"), false, DateTimeOffset.UnixEpoch)
        { Terms = JsonSerializer.Deserialize<KeyTerms>(terms) };
        await world.DoAsync(new Command.Record(SettingKind.Key, World.Org, "key-l", key.ToJson(), Once: false));
        var file = await world.FileAsync(BatchesWorld.Line("only"));

        using var response = path == "/v1/files"
            ? await world.UploadAsync(BatchesWorld.Line("only"), secret: "tk-limited")
            : await world.PostAsync("/v1/batches", $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""",
                "Authorization: Bearer tk-limited");

        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(status == (int)response.StatusCode, text);
    }

    internal static async Task AddOtherOrgAsync(World world)
    {
        await world.DoAsync(new Command.OpenOrg(new Org("other", "USD", BillingMode.Postpaid, null, "UTC")));
        await world.DoAsync(new Command.Record(SettingKind.Key, "other", "key-o",
            new ApiKey("key-o", "other", null, null, null, Hash(Other), false, DateTimeOffset.UnixEpoch).ToJson(), Once: false));
    }

    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
