using System.Text;
using Tieout.Core;
using Tieout.Core.Ledger.Recounts;
using Tieout.Server.Gateway.Tools;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Results of tools in chat requests.</summary>
public sealed class ToolResultsTests
{
    private const string User = """{"role":"user","content":"Hi \"tool_result\" \"tool_call_id\""}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Each case: messages, and what is expected as id/tool/failed/repeated.
    public static TheoryData<string, string> Cases => new()
    {
        { User, "" },
        { $"{User},{Calls("c1:search:{}")},{Result("c1")}", "c1/search/False/False" },

        // Two calls of one turn, and the user's text behind them.
        { $"{Calls("c1:search:{}", "c2:read:{}")},{Result("c1")},{Result("c2")},{User}", "c1/search/False/False c2/read/False/False" },

        // The model has answered them since.
        { $"{Calls("c1:search:{}")},{Result("c1")},{{\"role\":\"assistant\",\"content\":\"Done\"}},{User}", "" },

        // The same tool with the same arguments again, then with others, then after the user's own text.
        { $"{Calls("c1:search:{}")},{Result("c1")},{Calls("c2:search:{}")},{Result("c2")}", "c2/search/True/True" },
        { $"{Calls("c1:search:{}")},{Result("c1")},{Calls("c2:search:{1}")},{Result("c2")}", "c2/search/False/False" },
        { $"{Calls("c1:search:{}")},{Result("c1")},{User},{Calls("c2:search:{}")},{Result("c2")}", "c2/search/False/False" },
        { $"{Calls("c1:search:{}")},{Result("c9")}", "c9//False/False" },

        { $"{Uses("t1:search:1")},{Blocks("t1")}", "t1/search/False/False" },
        { $"{Uses("t1:search:1", "t2:read:2")},{Blocks("t1:true", "t2:false")}", "t1/search/True/False t2/read/False/False" },
        { $"{Uses("t1:search:1")},{Blocks("t1:true")},{Uses("t2:search:1")},{Blocks("t2:true")}", "t2/search/True/True" },
        { $"{Uses("t1:search:1")},{Blocks("t1:true")},{Uses("t2:search:1")},{Blocks("t2")}", "t2/search/False/True" },
        { $"{Uses("t1:search:1")},{Blocks("t1:true")},{Uses("t2:search:2")},{Blocks("t2:true")}", "t2/search/True/False" },
        { Blocks("t1:true"), "" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Only_results_after_the_models_last_message_are_found(string messages, string expected) => Assert.Equal(
        expected, string.Join(' ', Read($$"""{"model":"m","messages":[{{messages}}],"max_tokens":9}""").Select(
            result => $"{result.Id}/{result.Tool}/{result.Failed}/{result.IsRepeated}")));

    // Goal: no request is lost to the reading of its tools. Method: a body with results, cut and changed at every byte.
    [Fact]
    public void No_body_makes_the_reading_fail()
    {
        var body = Encoding.UTF8.GetBytes($$"""{"messages":[{{Uses("t1:search:1")}},{{Blocks("t1:true")}}]}""");
        for (var at = 0; at < body.Length; at++)
        {
            ToolResults.Read(body.AsMemory(0, at));
            foreach (var other in "0\"[]{},n"u8)
            {
                var changed = (byte[])body.Clone();
                changed[at] = other;
                ToolResults.Read(changed);
            }
        }
    }

    // Goal: a call counts once, however often its result passes, and the request after a failed one is marked. Method: the same request twice, and one with
    // another call under an id that names it in its request only.
    [Fact]
    public async Task L3_a_result_that_passes_the_gateway_twice_counts_once_and_marks_the_request()
    {
        await using var world = await World.StartAsync();
        var repeated = $$"""
            {"model":"gpt-4o","messages":[{{User}},{{Calls("call_0123456789abcdef:search:{}")}},{{Result("call_0123456789abcdef")}},
             {{Calls("call_0123456789abcdeg:search:{}")}},{{Result("call_0123456789abcdeg")}}],"max_tokens":10}
            """;
        var shortId = $$"""{"model":"gpt-4o","messages":[{{Calls("call_1:read:{}")}},{{Result("call_1")}}],"max_tokens":10}""";
        foreach (var (body, trigger) in ((string, string?)[])
            [(repeated, null), (repeated, "auto_save"), (shortId, null), (shortId, null), (shortId.Replace("read", "write", StringComparison.Ordinal), null)])
        {
            using var response = await world.ChatAsync(body, ["Tieout-Feature: chat", .. trigger is null ? [] : (string[])[$"Tieout-Trigger: {trigger}"]]);
            Assert.True(response.IsSuccessStatusCode);
        }

        Assert.Equal(["tool_retry", "auto_save", null, null, null], (await world.UsageAsync()).Select(row => row.Usage.Labels.Trigger));
        var query = new RecountQuery(world.Read.Org(World.Org)!, Instant.UnixEpoch, Instant.EndOfTime);
        for (var calls = 0L; calls < 3; await Task.Delay(10, Stop)) calls = (await world.Read.ToolHoursAsync(query, Stop)).Sum(hour => hour.Calls);
        Assert.Equal(["chat/read 1 0 0", "chat/search 1 1 1", "chat/write 1 0 0"], (await world.Read.ToolHoursAsync(query, Stop)).Select(
            hour => $"{hour.Key.Feature}/{hour.Key.Tool} {hour.Calls} {hour.Failures} {hour.Retries}"));
    }

    private static IReadOnlyList<ToolResult> Read(string body) => ToolResults.Read(Encoding.UTF8.GetBytes(body));

    private static string Calls(params string[] calls) => $$"""
        {"role":"assistant","tool_calls":[{{string.Join(',', calls.Select(call => call.Split(':')).Select(call =>
            $$$"""{"id":"{{{call[0]}}}","type":"function","function":{"name":"{{{call[1]}}}","arguments":"{{{call[2]}}}"}}"""))}}]}
        """;

    private static string Result(string id) => $$"""{"tool_call_id":"{{id}}","role":"tool","content":"secret"}""";

    private static string Uses(params string[] uses) => $$"""
        {"content":[{"type":"text","text":"Let me see"},{{string.Join(',', uses.Select(use => use.Split(':')).Select(use =>
            $$$"""{"type":"tool_use","id":"{{{use[0]}}}","name":"{{{use[1]}}}","input":{"x":{{{use[2]}}}}}"""))}}],"role":"assistant"}
        """;

    private static string Blocks(params string[] results) => $$"""
        {"role":"user","content":[{{string.Join(',', results.Select(result => result.Split(':')).Select(result =>
            $$"""{"type":"tool_result","tool_use_id":"{{result[0]}}","content":"secret"{{(result.Length > 1 ? $",\"is_error\":{result[1]}" : "")}}}"""))}}]}
        """;
}
