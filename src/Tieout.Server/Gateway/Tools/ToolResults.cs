using System.Text.Json;

namespace Tieout.Server.Gateway.Tools;

/// <summary>A call of a tool whose result a request brings back to the model.</summary>
/// <param name="Id">The provider's id of the call.</param>
/// <param name="Tool">Null: the request does not say which tool it was.</param>
/// <param name="IsRepeated">The turn before called the same tool with the same arguments.</param>
internal readonly record struct ToolResult(string Id, string? Tool, bool Failed, bool IsRepeated);

/// <summary>Finds the results of tools that a chat request has after the model's last message: those are new, all before them were in an earlier request. Reads
/// names and outcomes, and keeps no content.</summary>
/// <remarks>
/// Anthropic marks a result as an error. OpenAI does not: there a call that repeats one of the turn before, with the same tool and arguments, counts as a
/// failure. In both a repeated call is a retry.
/// </remarks>
internal static class ToolResults
{
    private const int DepthMax = 128;

    /// <summary>Results of one request; more are not counted.</summary>
    private const int ResultsMax = 64;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = DepthMax };

    /// <param name="body">A valid request.</param>
    public static IReadOnlyList<ToolResult> Read(ReadOnlyMemory<byte> body)
    {
        var isAnthropic = body.Span.IndexOf("\"tool_result\""u8) >= 0;
        if (!isAnthropic && body.Span.IndexOf("\"tool_call_id\""u8) < 0) return [];
        try
        {
            return Read(body, Messages(body.Span), isAnthropic);
        }
        catch (Exception other) when (other is JsonException or InvalidOperationException)
        {
            // The provider judges the request; what cannot be read here is not counted.
            return [];
        }
    }

    private static List<ToolResult> Read(ReadOnlyMemory<byte> body, List<Range> messages, bool isAnthropic)
    {
        var results = new List<(string Id, string? Tool, bool Failed)>();
        var next = messages.Count - 1;
        for (; next >= 0; next--)
        {
            using var message = JsonDocument.Parse(body[messages[next]], Options);
            if (IsAssistant(message.RootElement)) break;
            results.InsertRange(0, Results(message.RootElement, isAnthropic));
        }

        if (results.Count is 0 or > ResultsMax || next < 0) return [];
        var (calls, before) = (Calls(body, messages[next], isAnthropic), Before(body, messages, next, isAnthropic));
        return results.ConvertAll(result =>
        {
            var call = calls.Find(call => call.Id == result.Id);
            var isRepeated = call.Tool is not null && before.Exists(earlier => earlier.Tool == call.Tool && earlier.Arguments == call.Arguments);
            return new ToolResult(result.Id, call.Tool ?? result.Tool, isAnthropic ? result.Failed : isRepeated, isRepeated);
        });
    }

    /// <summary>Where the messages are in the body.</summary>
    private static List<Range> Messages(ReadOnlySpan<byte> body)
    {
        var messages = new List<Range>();
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = DepthMax });
        json.Read();
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            var isMessages = json.ValueTextEquals("messages"u8);
            json.Read();
            if (!isMessages || json.TokenType is not JsonTokenType.StartArray)
            {
                json.Skip();
                continue;
            }

            while (json.Read() && json.TokenType is not JsonTokenType.EndArray)
            {
                var start = (int)json.TokenStartIndex;
                json.Skip();
                messages.Add(start..(int)json.BytesConsumed);
            }

            break;
        }

        return messages;
    }

    /// <summary>The calls of the model's message before the last one, if only results lie between them; a user's own text begins something new.</summary>
    private static List<(string? Id, string? Tool, string Arguments)> Before(
        ReadOnlyMemory<byte> body, List<Range> messages, int last, bool isAnthropic)
    {
        for (var i = last - 1; i >= 0; i--)
        {
            using var message = JsonDocument.Parse(body[messages[i]], Options);
            if (IsAssistant(message.RootElement)) return Calls(body, messages[i], isAnthropic);
            if (Results(message.RootElement, isAnthropic).Count == 0) break;
        }

        return [];
    }

    private static bool IsAssistant(JsonElement message) => Text(message, "role") == "assistant";

    private static List<(string Id, string? Tool, bool Failed)> Results(JsonElement message, bool isAnthropic)
    {
        if (!isAnthropic)
        {
            return Text(message, "role") == "tool" && Text(message, "tool_call_id") is { } call ? [(call, Text(message, "name"), false)] : [];
        }

        var results = new List<(string, string?, bool)>();
        foreach (var block in Items(message, "content"))
        {
            if (Text(block, "type") != "tool_result" || Text(block, "tool_use_id") is not { } id) continue;
            results.Add((id, null, block.TryGetProperty("is_error", out var error) && error.ValueKind is JsonValueKind.True));
        }

        return results;
    }

    private static List<(string? Id, string? Tool, string Arguments)> Calls(ReadOnlyMemory<byte> body, Range at, bool isAnthropic)
    {
        using var message = JsonDocument.Parse(body[at], Options);
        var calls = new List<(string?, string?, string)>();
        foreach (var call in Items(message.RootElement, isAnthropic ? "content" : "tool_calls"))
        {
            if (isAnthropic && Text(call, "type") != "tool_use") continue;
            var of = isAnthropic ? call : Member(call, "function");
            var arguments = Member(of, isAnthropic ? "input" : "arguments");
            calls.Add((Text(call, "id"), Text(of, "name"), arguments.ValueKind is JsonValueKind.Undefined ? "" : arguments.GetRawText()));
        }

        return calls;
    }

    private static JsonElement Member(JsonElement of, string name) =>
        of.ValueKind is JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : default;

    private static string? Text(JsonElement of, string name) => Member(of, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static JsonElement[] Items(JsonElement of, string name) =>
        Member(of, name) is { ValueKind: JsonValueKind.Array } items ? [.. items.EnumerateArray()] : [];
}
