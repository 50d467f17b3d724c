using System.Text;
using Tieout.Core.Spike.Truncation;

namespace Tieout.Core.Tests.Spike.Truncation;

/// <summary>A random conversation as a client would send it: parallel calls of tools, results in any order and with images, system messages in the middle, odd
/// but valid shapes.</summary>
internal sealed class ConversationDraw
{
    private const string System = """
        "system":[{"type":"text","text":"Be \"kind\".","cache_control":{"type":"ephemeral"}}],
        """;
    private const string Image = """{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}""";
    private const string Thinking = """{"type":"thinking","thinking":"hm","signature":"x"}""";

    private readonly Random _random;
    private readonly ContextDialect _dialect;
    private readonly bool _reusesIds;
    private readonly string _separator;
    private int _calls;

    public ConversationDraw(int seed, ContextDialect dialect)
    {
        _random = new(seed);
        _dialect = dialect;
        _reusesIds = _random.Next(5) == 0;
        _separator = new[] { ",", ", ", ",\n    " }[_random.Next(3)];
        var turns = _random.Next(12) == 0 ? _random.Next(15, 50) : _random.Next(1, 9);
        if (dialect is not ContextDialect.AnthropicMessages && Chance(70)) AddSystem();
        for (var i = 0; i < turns; i++) AddTurn(isLast: i == turns - 1);
    }

    /// <summary>Each as JSON.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>Lengths of the beginning with which a client could ask the model.</summary>
    public List<int> Asks { get; } = [];

    public static string Member(ContextDialect dialect) => dialect is ContextDialect.OpenAiResponses ? "input" : "messages";

    /// <summary>What is behind the list of messages.</summary>
    public static string Tail => """],"tools":[{"type":"function","name":"search","description":"a ]},{ \"messages\":[ b"}],"stream" : true , "max_tokens":5}""";

    /// <summary>The request with the first so many messages.</summary>
    public string Body(int count) =>
        $$"""{ "model":"m",{{(_dialect is ContextDialect.AnthropicMessages ? System : "")}}"{{Member(_dialect)}}": [{{string.Join(_separator, Messages.Take(count))}}{{Tail}}""";

    private bool Chance(int percent) => _random.Next(100) < percent;

    private void AddTurn(bool isLast)
    {
        AddUser();
        if (Chance(10)) AddUser();
        Asks.Add(Messages.Count);
        if (isLast && Chance(50)) return;
        for (var rounds = _random.Next(10) == 0 ? _random.Next(5, 15) : _random.Next(0, 4); rounds > 0; rounds--)
        {
            AddCalls();
            Asks.Add(Messages.Count);
        }

        // A user who interrupts, or the end of the conversation.
        if (!isLast && Chance(15)) return;
        if (isLast && Chance(50)) return;
        AddAnswer();
        if (_dialect is not ContextDialect.AnthropicMessages && Chance(8)) AddSystem();
    }

    private void AddSystem() => Messages.Add($$"""{"role":"{{(Chance(50) ? "system" : "developer")}}","content":{{Text()}}}""");

    private void AddUser() => Messages.Add(_dialect switch
    {
        ContextDialect.OpenAiChat when Chance(20) =>
            $$$"""{"content":[{"type":"text","text":{{{Text()}}}},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}],"role":"user"}""",
        ContextDialect.OpenAiResponses when Chance(30) => $$"""{"type":"message","role":"user","content":[{"type":"input_text","text":{{Text()}}}]}""",
        ContextDialect.AnthropicMessages when Chance(40) =>
            $$"""{"role":"user","content":[{{Image}},{"type":"text","text":{{Text()}}}]}""",
        _ when Chance(10) => $$"""{"role":"\u0075ser", "content" : {{Text()}}}""",
        _ => $$"""{"role":"user","content":{{Text()}}}""",
    });

    private void AddAnswer() => Messages.Add(_dialect switch
    {
        ContextDialect.OpenAiResponses when Chance(50) =>
            $$"""{"type":"message","role":"assistant","id":"msg_1","content":[{"type":"output_text","text":{{Text()}},"annotations":[]}]}""",
        ContextDialect.AnthropicMessages when Chance(30) =>
            $$$"""{"role":"assistant","content":[{{{Thinking}}},{"type":"server_tool_use","id":"srv_{{{_calls}}}","name":"web_search","input":{}},{"type":"web_search_tool_result","tool_use_id":"srv_{{{_calls++}}}","content":[]},{"type":"text","text":{{{Text()}}}}]}""",
        ContextDialect.AnthropicMessages => $$"""{"role":"assistant","content":[{"type":"text","text":{{Text()}}}]}""",
        _ => $$"""{"role":"assistant","content":{{Text()}}}""",
    });

    private void AddCalls()
    {
        var ids = Enumerable.Range(0, _random.Next(1, 4)).Select(i => _reusesIds ? $"call_{i}" : $"call_{_calls++}").ToArray();
        var ended = ids.OrderBy(_ => _random.Next()).ToArray();
        switch (_dialect)
        {
            case ContextDialect.OpenAiChat when Chance(8):
                Messages.Add("""{"role":"assistant","content":null,"function_call":{"name":"old","arguments":"{}"}}""");
                Messages.Add($$"""{"role":"function","name":"old","content":{{Text()}}}""");
                break;
            case ContextDialect.OpenAiChat:
                Messages.Add(
                    $$$"""{"role":"assistant","content":{{{(Chance(50) ? "null" : Text())}}},"tool_calls":[{{{string.Join(',', ids.Select(id => $$$"""{"id":"{{{id}}}","type":"function","function":{"name":"search","arguments":"{\"role\":\"user\"}"}}"""))}}}]}""");
                foreach (var id in ended)
                {
                    Messages.Add(Chance(20)
                        ? $$"""{"role":"tool","content":[{"type":"text","text":{{Text()}}}],"tool_call_id":"{{id}}"}"""
                        : $$"""{"role":"tool","tool_call_id":"{{id}}","content":{{Text()}}}""");
                }

                break;
            case ContextDialect.OpenAiResponses:
                if (Chance(30)) Messages.Add("""{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"AAAA"}""");
                foreach (var id in ids) Messages.Add($$"""{"type":"function_call","call_id":"{{id}}","name":"search","arguments":"{}"}""");

                // The user may say something while tools run.
                if (Chance(10)) AddUser();
                foreach (var id in ended)
                {
                    Messages.Add(Chance(20)
                        ? $$"""{"type":"function_call_output","call_id":"{{id}}","output":[{"type":"input_image","image_url":"data:image/png;base64,AAAA"}]}"""
                        : $$"""{"type":"function_call_output","call_id":"{{id}}","output":{{Text()}}}""");
                }

                break;
            default:
                Messages.Add(
                    $$"""{"role":"assistant","content":[{{(Chance(40) ? Thinking + "," : "")}}{{string.Join(',', ids.Select(Use))}}]}""");
                var words = Chance(20) ? $$""",{"type":"text","text":{{Text()}}}""" : "";
                Messages.Add($$"""{"role":"user","content":[{{string.Join(',', ended.Select(AnthropicResult))}}{{words}}]}""");
                break;
        }
    }

    private static string Use(string id) => $$$"""{"type":"tool_use","id":"{{{id}}}","name":"search","input":{"role":"user","type":"tool_result"}}""";

    private string AnthropicResult(string id) => Chance(25)
        ? $$"""{"type":"tool_result","tool_use_id":"{{id}}","content":[{{Image}},{"type":"text","text":{{Text()}}}]}"""
        : $$"""{"tool_use_id":"{{id}}","type":"tool_result","content":{{Text()}},"is_error":{{(Chance(20) ? "true" : "false")}}}""";

    private string Text()
    {
        var text = new StringBuilder("\"");
        for (var words = _random.Next(1, 6); words > 0; words--)
        {
            text.Append(new[] { "word ", "Größe ", "\\\"role\\\":\\\"user\\\" ", "]},{ ", "\\u00e9\\n", "漢字 ", "tool_result " }[_random.Next(7)]);
        }

        return text.Append('"').ToString();
    }
}
