using System.Net;
using System.Text.Json;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ingest;

/// <summary><c>POST /api/v1/tool-calls</c>, tool spans of OTLP, and <c>GET /api/v1/tool-calls</c>.</summary>
public sealed class ToolCallTests
{
    private const string Range = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static string Call(string id, string more = "", string tool = "web_search", string org = "acme", string at = Sending.At) =>
        $$"""{"id":"{{id}}","org":"{{org}}","tool":"{{tool}}","occurred_at":"{{at}}"{{more}}}""";

    // Goal: a call counts once, and each item is answered by itself. Method: new, same and other content under one id, and items that are wrong, in one call;
    // then the sums, before and after the follower counted.
    [Fact]
    public async Task L3_a_call_counts_once_and_each_item_is_answered_by_itself()
    {
        await using var world = await ApiWorld.StartAsync();
        var taken = await world.TakeAsync("/api/v1/tool-calls", $"""
            [{Call("a", ""","feature":"chat","failed":true,"error":"timeout","retries":2""")},{Call("b")},{Call("b")},{Call("a")},{Call("c", ""","success":false""")},
             {Call("d", tool: "two words")},{Call("e", ""","args":"secret" """)},{Call("f", org: "nobody")},{Call("g", ""","retries":1001""")},
             {Call("h", at: "2026-11-20T09:30:00Z", tool: "read_file")}]
            """);
        Assert.Equal((4, 1, 1, 4), taken.Counts);
        Assert.Equal(["replayed", "conflict", "refused", "refused", "refused", "refused"], taken.Items.Select(item => item.GetProperty("status").GetString()));
        Assert.Equal(
            ["id_reused", "name_invalid", "item_invalid", "org_not_found", "item_invalid"], Enumerable.Range(1, 5).Select(item => taken.Code(item)));

        for (var followed = false; ; followed = true)
        {
            var sums = await world.GetAsync($"/orgs/acme/tool-calls?{Range}");
            Assert.Equal(
                ["(none)/web_search 2 1 50 0", "(none)/read_file 1 0 0 0", "chat/web_search 1 1 100 2"], sums.GetProperty("items").EnumerateArray().Select(Said));
            Assert.Equal((4, 2, 50m, 2, 0.5m), (Number(sums, "calls"), Number(sums, "failures"), Decimal(sums, "failure_pct"), Number(sums, "retries"),
                Decimal(sums, "retries_per_call")));
            var hours = await world.GetAsync("/tool-calls?by=org,hour&from=2026-11-20T08:00:00Z&to=2026-11-20T09:15:00Z");
            Assert.Equal(["acme 2026-11-20T08:00:00.000000Z 3"], hours.GetProperty("items").EnumerateArray().Select(line =>
                $"{line.GetProperty("group").GetProperty("org")} {line.GetProperty("group").GetProperty("hour")} {line.GetProperty("calls")}"));
            if (followed) break;
            while (!(await world.Ledger.Follower.StepAsync(Stop)).IsCurrent)
            {
            }
        }
    }

    [Fact]
    public async Task A_key_reports_calls_of_its_own_org_only_and_under_its_pinned_feature()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"postpaid"}""");
        var made = await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", """{"name":"k","pins":{"feature":"chat"}}""");
        var key = made.GetProperty("key").GetString()!;
        var taken = await world.TakeAsync("/api/v1/tool-calls", $"""
            [{Call("own")},{Call("foreign", org: "other")},{Call("unknown", org: "nobody")},{Call("said", ""","feature":"search" """)}]
            """, key);
        Assert.Equal((1, 0, 0, 3), taken.Counts);
        Assert.Equal(["org_not_found", "org_not_found", "tag_pinned"], Enumerable.Range(0, 3).Select(item => taken.Code(item)));
        var sums = await world.GetAsync($"/tool-calls?{Range}");
        Assert.Equal(["chat/web_search 1 0 0 0"], sums.GetProperty("items").EnumerateArray().Select(Said));
    }

    // Goal: one call that two report counts once. Method: spans of tools with and without the provider's id of the call, and the same calls handed in.
    [Fact]
    public async Task Spans_of_tools_count_as_calls_and_not_as_usage()
    {
        await using var world = await ApiWorld.StartAsync();
        var spans = $$$"""
            {"resourceSpans":[{"resource":{"attributes":[{{{Attribute("tenant.id", "acme")}}},{{{Attribute("tieout.feature", "chat")}}}]},"scopeSpans":[{"spans":[
            {{{Span(1, "execute_tool", Attribute("gen_ai.tool.name", "web_search"), Attribute("gen_ai.tool.call.id", "toolu_0123456789"))}}},
            {{{Span(2, "execute_tool", Attribute("gen_ai.tool.name", "web_search"), Attribute("error.type", "timeout"), Attribute("idenv.attempt", "3"))}}},
            {{{Span(3, "execute_tool", Attribute("gen_ai.tool.name", "not a name"))}}},
            {{{Span(4, "execute_tool")}}},
            {{{Span(5, "invoke_agent", Attribute("gen_ai.tool.name", "web_search"))}}}]}]}]}
            """;
        for (var i = 0; i < 2; i++)
        {
            using var response = await world.SendAsync("/v1/traces", spans);
            Assert.Equal("{}", await response.Content.ReadAsStringAsync(Stop));
        }

        Assert.Equal((0, 1, 0, 0), (await world.TakeAsync("/api/v1/tool-calls", $"[{Call("toolu_0123456789", ""","failed":true""")}]")).Counts);
        Assert.Empty(await world.RowsAsync());
        var sums = await world.GetAsync("/orgs/acme/tool-calls?from=2025-11-20&to=2025-11-21");
        Assert.Equal(["chat/web_search 2 1 50 2", "chat/other 1 0 0 0"], sums.GetProperty("items").EnumerateArray().Select(Said));
    }

    [Theory]
    [InlineData("by=model", "'model' is not a dimension of tool calls. Use org, feature, tool, hour.")]
    [InlineData("by=tool,tool", "A dimension is given twice.")]
    [InlineData("from=2026-01-02&to=2026-01-01", "The range from 2026-01-02T00:00:00.000000Z to 2026-01-01T00:00:00.000000Z is empty")]
    [InlineData("from=2026-01-01&to=2026-06-01", "Tool calls are summed over at most 93 days.")]
    public async Task A_query_that_is_not_understood_is_refused_with_a_sentence(string query, string said)
    {
        await using var world = await ApiWorld.StartAsync();
        using var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/tool-calls?{query}");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(answer, HttpStatusCode.BadRequest));
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop));
        Assert.StartsWith(said, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static string Said(JsonElement line)
    {
        var group = line.GetProperty("group");
        return $"{group.GetProperty("feature").GetString() ?? "(none)"}/{group.GetProperty("tool")} {line.GetProperty("calls")} {line.GetProperty("failures")} "
            + $"{line.GetProperty("failure_pct").GetDecimal():0.##} {line.GetProperty("retries")}";
    }

    private static long Number(JsonElement sums, string name) => sums.GetProperty("total").GetProperty(name).GetInt64();

    private static decimal Decimal(JsonElement sums, string name) => sums.GetProperty("total").GetProperty(name).GetDecimal();

    private static string Attribute(string key, string value) => $$$"""{"key":"{{{key}}}","value":{"stringValue":"{{{value}}}"}}""";

    private static string Span(int span, string operation, params string[] attributes) => $$"""
        {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"{{span:x16}}","name":"x","startTimeUnixNano":"1763625600000000000",
         "attributes":[{{string.Join(',', [Attribute("gen_ai.operation.name", operation), .. attributes])}}]}
        """;
}
