using System.Text;
using System.Text.Json;
using Tieout.Core.Spike.Truncation;

namespace Tieout.Core.Tests.Spike.Truncation;

/// <summary>Conversations that are cut: valid in their dialect, whole where they must be, and stable while they grow.</summary>
public sealed class ContextTruncationTests(ITestOutputHelper output)
{
    private static readonly ContextDialect[] Dialects = Enum.GetValues<ContextDialect>();

    // Goal: no request becomes invalid (G2). Method: random conversations and windows; what is left is checked by the rules of its dialect, and byte for byte.
    [Fact]
    public void G2_ten_thousand_random_conversations_are_valid_after_the_cut()
    {
        var (cuts, oneTurn) = (0, 0);
        for (var seed = 0; seed < 10_000; seed++)
        {
            var (random, dialect) = (new Random(-seed - 1), Dialects[seed % Dialects.Length]);
            var draw = new ConversationDraw(seed, dialect);
            var body = draw.Body(draw.Messages.Count);
            Assert.Null(ConversationRules.Broken(dialect, body));
            var keep = random.Next(1, 40);
            var window = random.Next(3) == 0 ? new(InTokens: true, 20 * keep, random.Next(1, 20 * keep)) : new ContextWindow(false, keep, random.Next(1, 30));

            var cut = ContextTruncation.Decide(Encoding.UTF8.GetBytes(body), dialect, window);
            Assert.True(cut.Result is ContextCutResult.Within or ContextCutResult.Cut or ContextCutResult.OneTurn, $"{seed}: {cut.Result}");
            if (cut.Result is ContextCutResult.OneTurn) oneTurn++;
            if (cut.Result is not ContextCutResult.Cut) continue;
            cuts++;
            var shorter = Joined(body, cut);
            var broken = ConversationRules.Broken(dialect, shorter);
            Assert.True(broken is null, $"{seed}: {broken}\n{shorter}");
            Compare(seed, dialect, body, shorter, cut, window);
        }

        output.WriteLine($"{cuts} of 10,000 were cut, {oneTurn} are one turn.");
        Assert.InRange(cuts, 3_000, 9_000);
    }

    // Goal: between two cuts the provider's cache of the messages that go on survives. Method: each request of a growing conversation begins with the bytes of
    // the one before, but where the cut moves; and it moves once for a block at most.
    [Fact]
    public void A_growing_conversation_keeps_its_beginning_until_the_cut_moves_by_a_block()
    {
        var (moves, asks) = (0, 0);
        for (var seed = 0; seed < 200; seed++)
        {
            var (random, dialect) = (new Random(-seed - 1), Dialects[seed % Dialects.Length]);
            var draw = new ConversationDraw(seed, dialect);
            var (keep, block) = (random.Next(1, 20), random.Next(2, 20));
            var window = seed % 2 == 0 ? new ContextWindow(false, keep, block) : new(InTokens: true, 60 * keep, Math.Min(30 * block, 60 * keep - 1));
            var (before, cutBefore, own) = ("", 0, 0);
            foreach (var ask in draw.Asks)
            {
                var body = draw.Body(ask);
                var cut = ContextTruncation.Decide(Encoding.UTF8.GetBytes(body), dialect, window);
                var sent = cut.Result is ContextCutResult.Cut ? Joined(body, cut) : body;
                Assert.True(cut.MessagesCut >= cutBefore, $"{seed}: the cut went back.");
                if (cut.MessagesCut > cutBefore) own++;
                else Assert.StartsWith(before, sent, StringComparison.Ordinal);
                (before, cutBefore) = (sent[..^ConversationDraw.Tail.Length], cut.MessagesCut);
                asks++;
            }

            if (!window.InTokens) Assert.True(own <= draw.Messages.Count / block, $"{seed}: {own} moves of {block} in {draw.Messages.Count} messages.");
            moves += own;
        }

        output.WriteLine($"{moves} moves in {asks} requests");
        Assert.InRange(moves, 100, asks / 4);
    }

    // What cannot be cut, or not without knowing more, goes on as it is.
    [Fact]
    public void G2_a_conversation_that_no_cut_keeps_valid_goes_on_as_it_is()
    {
        const string user = """{"role":"user","content":"u"}""", answer = """{"role":"assistant","content":"a"}""";
        const string call = """{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}""";
        const string result = """{"role":"tool","tool_call_id":"c","content":"r"}""";
        const string use = """{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]}""";
        var filler = string.Join(',', Enumerable.Repeat($"{user},{answer}", 5));
        var table = new (ContextDialect Dialect, string Messages, ContextCutResult Result)[]
        {
            (ContextDialect.OpenAiChat, $"{filler},{user}", ContextCutResult.Cut),
            (ContextDialect.OpenAiChat, $"{user},{answer}", ContextCutResult.Within),
            (ContextDialect.OpenAiChat, $"{user},{string.Join(',', Enumerable.Repeat($"{call},{result}", 9))}", ContextCutResult.OneTurn),
            (ContextDialect.OpenAiChat, $"{filler},{result},{user}", ContextCutResult.Orphan),
            (ContextDialect.OpenAiChat, $"{filler},{call},{result},{result},{user}", ContextCutResult.Orphan),
            (ContextDialect.OpenAiChat, $$"""{{filler}},{"role":"critic","content":"x"}""", ContextCutResult.Unknown),
            (ContextDialect.OpenAiChat, $$"""{{filler}},{"role":"user","role":"tool","content":"x"}""", ContextCutResult.Unreadable),
            (ContextDialect.OpenAiChat, $"{filler},7", ContextCutResult.Unknown),

            // A call without a result: nothing after it is a beginning, what is before it still is.
            (ContextDialect.OpenAiChat, $"{call},{filler},{user}", ContextCutResult.OneTurn),
            (ContextDialect.OpenAiChat, $"{user},{answer},{user},{call},{filler},{user}", ContextCutResult.Cut),
            (ContextDialect.AnthropicMessages, $"{filler},{user}", ContextCutResult.Cut),
            (ContextDialect.AnthropicMessages, $$"""{{filler}},{"role":"system","content":"x"},{{user}}""", ContextCutResult.Unknown),
            (ContextDialect.AnthropicMessages, $$"""{{filler}},{"role":"user","content":[{"type":"compaction","content":"x"}]}""", ContextCutResult.Unknown),
            (ContextDialect.AnthropicMessages,
                $$"""{{filler}},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}""", ContextCutResult.Orphan),
            (ContextDialect.AnthropicMessages,
                $$"""{{filler}},{{use}},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"tool_reference","tool_name":"g"}]}]}""",
                ContextCutResult.Unknown),
            (ContextDialect.OpenAiResponses, $"{filler},{user}", ContextCutResult.Cut),
            (ContextDialect.OpenAiResponses, $$"""{{filler}},{"type":"item_reference","id":"rs_1"},{{user}}""", ContextCutResult.Unknown),
            (ContextDialect.OpenAiResponses, $$"""{{filler}},{"type":"function_call_output","call_id":"c","output":"r"}""", ContextCutResult.Orphan),
        };
        foreach (var (dialect, messages, expected) in table) Assert.Equal((messages, expected), (messages, Of(dialect, messages).Result));

        Assert.Equal(ContextCutResult.NoList, Of(ContextDialect.OpenAiResponses, $"{filler},{user}", ",\"previous_response_id\":\"resp_1\"").Result);
        Assert.Equal(ContextCutResult.Cut, Of(ContextDialect.OpenAiResponses, $"{filler},{user}", ",\"previous_response_id\":null").Result);
        Assert.Equal(ContextCutResult.NoList, Decide("""{"input":"Hello"}""", ContextDialect.OpenAiResponses).Result);
        Assert.Equal(ContextCutResult.Unreadable, Decide("[]", ContextDialect.OpenAiChat).Result);
        Assert.Equal(ContextCutResult.Unreadable, Decide("{\"messages\":[", ContextDialect.OpenAiChat).Result);

        static ContextCut Of(ContextDialect dialect, string messages, string more = "") =>
            Decide($$"""{"{{ConversationDraw.Member(dialect)}}":[{{messages}}]{{more}}}""", dialect);

        static ContextCut Decide(string body, ContextDialect dialect) => ContextTruncation.Decide(Encoding.UTF8.GetBytes(body), dialect, new(false, 2, 2));
    }

    [Fact]
    public void A_cut_moves_by_whole_blocks()
    {
        // Messages: at least 10 go on. Tokens: at most 1,000 go on, and a cut goes back to 600.
        var (messages, tokens) = (ContextWindow.Of(new(Messages: 10, Block: 4)), ContextWindow.Of(new(ContextTokens: 1_000)));
        Assert.Equal([0L, 0, 0, 4, 4, 4, 8], new[] { 10L, 11, 13, 14, 15, 17, 18 }.Select(messages.CutAt));
        Assert.Equal([0L, 0, 400, 400, 800], new[] { 0L, 1_000, 1_001, 1_400, 1_401 }.Select(tokens.CutAt));
        Assert.Equal(new ContextWindow(false, 10, 10), ContextWindow.Of(new(Messages: 10)));
    }

    private static string Joined(string body, in ContextCut cut)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return string.Concat(cut.Kept.Select(part => Encoding.UTF8.GetString(bytes.AsSpan(part))));
    }

    /// <summary>Everything outside the list, every message of the system and the whole end of the conversation are what the client sent.</summary>
    private static void Compare(int seed, ContextDialect dialect, string body, string shorter, in ContextCut cut, in ContextWindow window)
    {
        var (all, left) = (Parts(dialect, body), Parts(dialect, shorter));
        Assert.True(all.Outside.SequenceEqual(left.Outside, StringComparer.Ordinal), $"{seed}: what is outside the list changed.");
        Assert.True(all.Fixed.SequenceEqual(left.Fixed, StringComparer.Ordinal), $"{seed}: messages of the system changed.");
        Assert.True(all.Talk.Skip(cut.MessagesCut).SequenceEqual(left.Talk, StringComparer.Ordinal), $"{seed}: what goes on is not the end.");
        Assert.Equal((all.Talk.Count, all.Talk.Count - left.Talk.Count), (cut.Messages, cut.MessagesCut));

        // Turns are short, so a cut is never far from where it should be.
        const int turnMax = 80;
        if (!window.InTokens) Assert.InRange(left.Talk.Count, window.Keep, window.Keep + window.Block + turnMax);
        var last = all.Talk.FindLastIndex(IsOfUser);
        Assert.True(cut.MessagesCut <= last, $"{seed}: the last turn was cut.");
    }

    /// <summary>The user's own words, and no result of a tool.</summary>
    private static bool IsOfUser(string message)
    {
        using var json = JsonDocument.Parse(message);
        return json.RootElement.TryGetProperty("role", out var role) && role.GetString() == "user"
            && !(json.RootElement.GetProperty("content") is { ValueKind: JsonValueKind.Array } blocks
                && blocks.EnumerateArray().Any(block => block.GetProperty("type").GetString() == "tool_result"));
    }

    private static (List<string> Outside, List<string> Fixed, List<string> Talk) Parts(ContextDialect dialect, string body)
    {
        using var json = JsonDocument.Parse(body);
        var (outside, isFixed, talk) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var member in json.RootElement.EnumerateObject())
        {
            if (member.Name != ConversationDraw.Member(dialect)) outside.Add($"{member.Name}:{member.Value.GetRawText()}");
            else
            {
                foreach (var message in member.Value.EnumerateArray())
                {
                    var role = message.TryGetProperty("role", out var value) ? value.GetString() : null;
                    (role is "system" or "developer" ? isFixed : talk).Add(message.GetRawText());
                }
            }
        }

        return (outside, isFixed, talk);
    }
}
