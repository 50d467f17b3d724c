using System.Text.Json;
using Tieout.Core.Spike.Truncation;

namespace Tieout.Core.Tests.Spike.Truncation;

/// <summary>What each dialect demands of a conversation, as its provider checks it. Shares no code with the truncation.</summary>
internal static class ConversationRules
{
    /// <returns>The rule that is broken; null: none is.</returns>
    public static string? Broken(ContextDialect dialect, string body)
    {
        using var json = JsonDocument.Parse(body);
        var list = json.RootElement.GetProperty(dialect is ContextDialect.OpenAiResponses ? "input" : "messages").EnumerateArray().ToList();
        var talk = list.Where(message => Role(message) is not ("system" or "developer")).ToList();
        if (talk.Count == 0) return "There is no message.";
        if (Role(talk[0]) != "user") return "The first message is not the user's.";
        return dialect switch
        {
            ContextDialect.OpenAiChat => Chat(list),
            ContextDialect.OpenAiResponses => Responses(list),
            _ => Anthropic(list),
        };
    }

    /// <summary>Results come right after the message with their calls, all of them, and before anything else.</summary>
    private static string? Chat(List<JsonElement> messages)
    {
        var waiting = new List<string>();
        string? function = null;
        foreach (var message in messages)
        {
            var role = Role(message);
            if (role == "tool")
            {
                if (!waiting.Remove(message.GetProperty("tool_call_id").GetString()!)) return "A result has no call before it.";
                continue;
            }

            if (waiting.Count > 0) return "A call has no result.";
            if ((role == "function") != function is not null) return "A function's call and its result are apart.";
            function = null;
            if (role != "assistant") continue;
            if (message.TryGetProperty("tool_calls", out var calls)) waiting.AddRange(calls.EnumerateArray().Select(Id));
            if (message.TryGetProperty("function_call", out var old)) function = old.GetProperty("name").GetString();
        }

        return waiting.Count > 0 || function is not null ? "The last call has no result." : null;
    }

    /// <summary>A call has one result after it, a result has one call before it, and reasoning is followed by what came of it.</summary>
    private static string? Responses(List<JsonElement> items)
    {
        var waiting = new List<string>();
        for (var i = 0; i < items.Count; i++)
        {
            switch (items[i].TryGetProperty("type", out var type) ? type.GetString() : "message")
            {
                case "function_call": waiting.Add(items[i].GetProperty("call_id").GetString()!); break;
                case "function_call_output" when !waiting.Remove(items[i].GetProperty("call_id").GetString()!): return "An output has no call before it.";
                case "reasoning" when i + 1 == items.Count || Role(items[i + 1]) == "user": return "Reasoning stands alone.";
            }
        }

        return waiting.Count > 0 ? "A call has no output." : null;
    }

    /// <summary>The message after calls is the user's and begins with the result of each of them. Messages of one role in a row count as one.</summary>
    private static string? Anthropic(List<JsonElement> messages)
    {
        HashSet<string> waiting = [];
        foreach (var message in messages)
        {
            var role = Role(message);
            if (role is not ("user" or "assistant")) return "A role is unknown.";
            List<JsonElement> blocks = message.GetProperty("content") is { ValueKind: JsonValueKind.Array } content ? [.. content.EnumerateArray()] : [];
            var results = blocks.Where(block => Type(block) == "tool_result").Select(block => block.GetProperty("tool_use_id").GetString()!).ToList();
            if (!waiting.SetEquals(results) || results.Count != waiting.Count) return "Calls and the results in the next message differ.";
            if (results.Count > 0 && role != "user") return "Results are not the user's.";
            if (!blocks.Take(results.Count).All(block => Type(block) == "tool_result")) return "Results do not come first.";
            waiting = [.. blocks.Where(block => Type(block) == "tool_use").Select(Id)];
            var called = blocks.Where(block => Type(block) == "server_tool_use").Select(Id);
            var found = blocks.Where(block => Type(block) == "web_search_tool_result").Select(block => block.GetProperty("tool_use_id").GetString()!);
            if (!called.SequenceEqual(found)) return "A provider's own call has no result.";
        }

        return waiting.Count > 0 ? "The last call has no result." : null;
    }

    private static string? Role(JsonElement message) => message.TryGetProperty("role", out var role) ? role.GetString() : null;

    private static string Id(JsonElement of) => of.GetProperty("id").GetString()!;

    private static string? Type(JsonElement block) => block.GetProperty("type").GetString();
}
