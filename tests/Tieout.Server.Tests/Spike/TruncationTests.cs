using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core.Metering;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Spike;

/// <summary>Long conversations at a whole gateway: what is sent, held for and recorded is the shorter request.</summary>
public sealed class TruncationTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Each message has 400 bytes of text, which the simulated provider counts as 100 tokens.
    [Fact]
    public async Task G2_the_last_messages_are_sent_counted_and_recorded_and_all_are_when_it_is_removed()
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("short", "truncate", """{"feature":"editor"}""", """{"messages":4,"block":4}""");
        string[] editor = ["Tieout-Feature: editor"];
        using (var answer = await world.World.ChatAsync(Conversation(41), editor))
        {
            Assert.Equal(("200", "36", "short"), (await MitigationWorld.EndAsync(answer), MitigationWorld.Header(answer, "Tieout-Truncated"), MitigationWorld.Header(answer, "Tieout-Mitigated")));
        }

        using (var streamed = await world.World.ChatAsync(Conversation(9, ",\"stream\":true"), editor))
        {
            Assert.Equal("4", MitigationWorld.Header(streamed, "Tieout-Truncated"));
            Assert.Contains("[DONE]", await streamed.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        }

        using (var brief = await world.World.ChatAsync(Conversation(7), editor)) Assert.Null(MitigationWorld.Header(brief, "Tieout-Truncated"));
        using (var other = await world.World.ChatAsync(Conversation(41), "Tieout-Feature: chat")) Assert.Null(MitigationWorld.Header(other, "Tieout-Mitigated"));
        await world.RemoveAsync("short");
        using (var whole = await world.World.ChatAsync(Conversation(41), editor)) Assert.Null(MitigationWorld.Header(whole, "Tieout-Mitigated"));

        var rows = await world.World.RecordedAsync(5);
        Assert.Equal([600L, 600, 800, 4_200, 4_200], rows.Select(row => row.Usage.Counts.InputTokens));
        Assert.Equal(
            [UsageFlags.ContextTruncated, UsageFlags.ContextTruncated, UsageFlags.None, UsageFlags.None, UsageFlags.None], rows.Select(row => row.Usage.Flags));
    }

    // An account that could never pay for the whole conversation pays for what is sent of it.
    [Fact]
    public async Task The_hold_is_for_what_is_sent()
    {
        await using var world = await World.StartAsync(topUp: "0.02", change: options => options with { AdminToken = EnvelopeWorld.Admin });
        using (var refused = await world.ChatAsync(Conversation(101))) Assert.Equal(402, (int)refused.StatusCode);
        await MitigationWorld.PutAsync(world, "short", "truncate", """{"context_tokens":1000}""");
        using (var answer = await world.ChatAsync(Conversation(101))) Assert.Equal(200, (int)answer.StatusCode);
        Assert.InRange(Assert.Single(await world.RecordedAsync(1)).Usage.Counts.InputTokens, 500, 1_100);
    }

    // A long turn of an agent, a kind of message that is not known, and clients' own shapes go on as they are.
    [Theory]
    [InlineData("one turn", """{"role":"user","content":"Go."}#{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"r"}""")]
    [InlineData("unknown", """{"role":"critic","content":"x"}#{"role":"user","content":"u"},{"role":"assistant","content":"a"}""")]
    [InlineData("orphan", """{"role":"tool","tool_call_id":"c","content":"x"}#{"role":"user","content":"u"},{"role":"assistant","content":"a"}""")]
    public async Task G2_what_cannot_be_cut_is_sent_unchanged(string why, string messages)
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("short", "truncate", "{}", """{"messages":2,"block":2}""");
        var parts = messages.Split('#');
        var body = $$"""{"model":"gpt-4o","messages":[{{parts[0]}},{{string.Join(',', Enumerable.Repeat(parts[1], 12))}}],"max_tokens":5}""";
        using var answer = await world.World.ChatAsync(body);
        Assert.Equal((why, 200, null), (why, (int)answer.StatusCode, MitigationWorld.Header(answer, "Tieout-Truncated")));
        Assert.Equal(UsageFlags.None, Assert.Single(await world.World.RecordedAsync(1)).Usage.Flags);
    }

    [Fact]
    public void Lines_about_requests_that_cannot_be_cut_are_bounded()
    {
        using var routes = new Routes(TieoutYaml.Read("providers: {}", "t.yaml", _ => null));
        var (lines, now) = (new CountedLines(), DateTimeOffset.UtcNow);
        var cutter = new ContextCutter(TimeProvider.System, lines);
        var key = new ApiKey("key", "acme", null, null, null, "", Blocked: false, DateTimeOffset.UnixEpoch);
        var call = new GuardedCall(new Spender(key, []), KeyScope.Chat, ProviderDialect.OpenAi, new GatewayRequest { Model = "gpt-4o", Bytes = 0 }, routes)
        {
            Mitigations = [new(new("m", "acme", MitigationKind.Truncate, new(), new(Messages: 1), "ann", "r", now.AddHours(1), 1, "admin", now))],
            Asked = new("editor", null, "key", "gpt-4o", null, "ann"),
            Now = now,
        };
        var bytes = Encoding.UTF8.GetBytes("""{"messages":[{"role":"critic"},{"role":"user"},{"role":"user"}]}""");
        using var body = RequestBody.Of(bytes, [0..bytes.Length]);
        for (var i = 0; i < 2_000; i++) Assert.Null(cutter.Cut(new DefaultHttpContext(), new OpenAiChat(), call, body));
        Assert.InRange(lines.Count, 1, 60);
    }

    [Fact]
    public async Task Anthropics_and_OpenAIs_other_conversations_are_cut_too()
    {
        await using var world = await DialectsWorld.StartAsync(change: options => options with { AdminToken = EnvelopeWorld.Admin });
        await MitigationWorld.PutAsync(world, "short", "truncate", """{"messages":2,"block":2}""");
        var turns = Turns(21, 40);
        using (var message = await world.PostAsync(
            "/v1/messages", $$"""{"system":"Be kind.","messages":[{{turns}}],"model":"claude-sonnet-4-5","max_tokens":5}""",
            $"x-api-key: {World.Secret}", "anthropic-version: 2023-06-01"))
        {
            Assert.Equal((200, "18"), ((int)message.StatusCode, MitigationWorld.Header(message, "Tieout-Truncated")));
        }

        using (var response = await world.PostAsync(
            "/v1/responses", $$"""{"input":[{{turns}}],"model":"gpt-4o","max_output_tokens":16}""", $"Authorization: Bearer {World.Secret}"))
        {
            Assert.Equal((200, "18"), ((int)response.StatusCode, MitigationWorld.Header(response, "Tieout-Truncated")));
        }

        Assert.All(await world.RecordedAsync(2), row => Assert.InRange(row.Usage.Counts.InputTokens, 30, 35));
    }

    // Goal: the preview says beforehand what a cut does to the cost, cache included. Method: conversations with a provider that reads the beginning from its
    // cache; the same conversations again while the cut is in force.
    [Theory]
    [InlineData("""{"messages":40,"block":1}""", true)]
    [InlineData("""{"messages":10,"block":30}""", false)]
    public async Task A_preview_warns_where_the_cache_that_is_lost_costs_more_than_the_cut_saves(string rule, bool isWarned)
    {
        await using var world = await MitigationWorld.StartAsync();
        for (var turn = 0; turn < 30; turn++)
        {
            var cached = turn == 0 ? 0 : 100 + 200 * turn - 200;
            using var answer = await world.World.ChatAsync(
                Conversation(1 + 2 * turn), "Tieout-Workflow: talk-1", string.Create(CultureInfo.InvariantCulture, $"X-Sim-Cached-Tokens: {cached}"));
            Assert.Equal(200, (int)answer.StatusCode);
            await answer.Content.ReadAsStringAsync(Stop);
        }

        await world.World.RecordedAsync(30);
        var preview = await world.CallAsync(HttpMethod.Post, "/orgs/acme/mitigation-previews",
            $$"""{"kind":"truncate","rule":{{rule}},"owner":"ann","reason":"r","expires_in_seconds":60}""");
        var saved = decimal.Parse(preview.GetProperty("saved").GetString()!, CultureInfo.InvariantCulture);
        Assert.True(preview.GetProperty("touched").GetInt32() > 0);
        Assert.Equal(isWarned, saved < 0);
        Assert.Equal(isWarned, preview.TryGetProperty("warning", out var warning) && warning.ValueKind is JsonValueKind.String);
        if (isWarned) Assert.Contains("more", preview.GetProperty("sentence").GetString(), StringComparison.Ordinal);
    }

    private static string Conversation(int messages, string more = "") =>
        $$"""{"model":"gpt-4o","messages":[{"role":"system","content":"{{new string('s', 400)}}"},{{Turns(messages, 400)}}],"max_tokens":20{{more}}}""";

    /// <summary>The user's and the model's, in turn; the user's first.</summary>
    private static string Turns(int messages, int bytes) => string.Join(
        ',', Enumerable.Range(0, messages).Select(i => $$"""{"role":"{{(i % 2 == 0 ? "user" : "assistant")}}","content":"{{new string('x', bytes)}}"}"""));

    private sealed class CountedLines : ILogger<ContextCutter>
    {
        public int Count { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Count++;
    }
}
