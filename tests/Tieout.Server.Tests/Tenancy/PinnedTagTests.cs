using System.Net.Http.Json;
using System.Text.Json;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Keys whose requests always have some tags.</summary>
public sealed class PinnedTagTests
{
    private const string Pins = """
        "pins":{"project":"web","feature":"search","user":"ana"}
        """;

    [Fact]
    public async Task What_a_key_with_pins_spends_has_its_tags_at_the_gateway_and_at_ingest()
    {
        await using var keys = await KeyWorld.StartAsync();
        var (id, secret) = await keys.MakeAsync(Pins);
        Assert.Equal(200, (await keys.ChatAsync(secret)).Status);
        Assert.Equal(200, (await keys.ChatAsync(secret, "Tieout-Feature: search", "Tieout-User: ana", "Tieout-Project: web")).Status);
        Assert.Equal(1, (await keys.IngestAsync(secret)).Body.GetProperty("accepted").GetInt32());
        Assert.Equal(1, (await keys.IngestAsync(secret, """
            "feature":"search","user":"ana","project":"web"
            """)).Body.GetProperty("accepted").GetInt32());
        var rows = await keys.World.UsageAsync();
        Assert.Equal(4, rows.Count);
        Assert.All(rows, row => Assert.Equal(("web", "search", "ana"), (row.Usage.Labels.Project, row.Usage.Labels.Feature, row.Usage.EndUser)));
        var shown = (await keys.AdminAsync(HttpMethod.Get, "/orgs/acme/keys")).Body.GetProperty("items").EnumerateArray().Single(
            key => key.GetProperty("id").GetString() == id);
        Assert.Equal("search", shown.GetProperty("pins").GetProperty("feature").GetString());
    }

    [Theory]
    [InlineData("project"), InlineData("feature"), InlineData("user")]
    public async Task A_request_with_another_value_of_a_pinned_tag_is_refused_and_nothing_is_spent(string tag)
    {
        await using var keys = await KeyWorld.StartAsync();
        var (_, secret) = await keys.MakeAsync(Pins);
        var (status, chat) = await keys.ChatAsync(secret, $"Tieout-{char.ToUpperInvariant(tag[0])}{tag[1..]}: other");
        Assert.Equal((403, "tag_pinned"), (status, chat.GetProperty("error").GetProperty("code").GetString()));

        var item = (await keys.IngestAsync(secret, $"\"{tag}\":\"other\"")).Body;
        Assert.Equal((0, "tag_pinned"), (item.GetProperty("accepted").GetInt32(), item.GetProperty("items")[0].GetProperty("code").GetString()));
        Assert.Contains("'other'", item.GetProperty("items")[0].GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Empty(keys.World.Bill.Calls());
        Assert.Empty(await keys.World.UsageAsync());
    }

    [Fact]
    public async Task The_user_in_the_body_is_a_tag_of_the_request_too()
    {
        await using var keys = await KeyWorld.StartAsync();
        var (_, secret) = await keys.MakeAsync(Pins);
        foreach (var (user, expected) in ((string, int)[])[("other", 403), ("ana", 200)])
        {
            var body = World.Hello.Replace("{\"model\"", $"{{\"user\":\"{user}\",\"model\"", StringComparison.Ordinal);
            Assert.Equal((user, expected), (user, (await keys.SendAsync(HttpMethod.Post, "/v1/chat/completions", secret, body)).Status));
        }

        Assert.Equal("ana", Assert.Single(await keys.World.UsageAsync()).Usage.EndUser);
    }

    [Theory]
    [InlineData("other", 403), InlineData("ana", 200)]
    public async Task A_batch_line_is_held_to_the_tags_too(string user, int expected)
    {
        await using var keys = await KeyWorld.StartAsync();
        var (_, secret) = await keys.MakeAsync(Pins);
        using var upload = await keys.World.UploadAsync(BatchesWorld.Line("a", more: $",\"user\":\"{user}\"") + "\n", secret: secret);
        var file = (await upload.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("id").GetString();
        var (status, body) = await keys.SendAsync(
            HttpMethod.Post, "/v1/batches", secret, $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""");

        Assert.True(status == expected, $"{status} {body}");
        if (expected == 403) Assert.Equal("tag_pinned", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(expected == 200 ? 1 : 0, keys.World.Read.OpenHolds(World.Org).Count);
    }

    [Fact]
    public async Task Spans_are_held_to_the_tags_too()
    {
        await using var keys = await KeyWorld.StartAsync();
        var (_, secret) = await keys.MakeAsync("""
            "pins":{"user":"ana"}
            """);
        var now = DateTimeOffset.UtcNow.AddSeconds(-5).ToUnixTimeMilliseconds();
        var spans = $$$"""
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","startTimeUnixNano":"{{{now}}}000000","endTimeUnixNano":"{{{now}}}000000","attributes":[
            {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-4o"}},
            {"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},{"key":"enduser.id","value":{"stringValue":"other"}},{"key":"user.id","value":{"stringValue":"other"}}]}]}]}]}
            """;
        var (_, body) = await keys.SendAsync(HttpMethod.Post, "/v1/traces", secret, spans);
        Assert.Equal("1", body.GetProperty("partialSuccess").GetProperty("rejectedSpans").GetString());
        Assert.Contains("'other'", body.GetProperty("partialSuccess").GetProperty("errorMessage").GetString(), StringComparison.Ordinal);
        Assert.Empty(await keys.World.UsageAsync());
    }

    [Theory]
    [InlineData("""{"pins":{"feature":"two words"}}""", "name_invalid")]
    [InlineData("""{"pins":{"feature":"other"}}""", "parameter_invalid")]
    [InlineData("""{"pins":{"colour":"red"}}""", "body_malformed")]
    public async Task Pins_that_no_request_can_have_are_refused(string body, string code)
    {
        await using var keys = await KeyWorld.StartAsync();
        var (status, problem) = await keys.AdminAsync(HttpMethod.Post, "/orgs/acme/keys", body);
        Assert.Equal((400, code), (status, problem.GetProperty("code").GetString()));
    }
}
