using System.Text.Json;

namespace Tieout.Core.Spike.Truncation;

/// <summary>Messages of OpenAI's chat completions.</summary>
internal static class OpenAiChatParts
{
    /// <summary>The older calls of functions have no ids.</summary>
    private const string FunctionPrefix = "function ";

    public static ContextPart Of(JsonElement message, OpenCalls calls) => ContextJson.Text(message, "role") switch
    {
        "system" or "developer" => ContextPart.Fixed,
        "user" => ContextPart.User,
        "assistant" => Assistant(message, calls),
        "tool" => Result(ContextJson.Text(message, "tool_call_id"), calls),
        "function" => Result(ContextJson.Text(message, "name") is { } name ? FunctionPrefix + name : null, calls),
        _ => ContextPart.Unknown,
    };

    private static ContextPart Assistant(JsonElement message, OpenCalls calls)
    {
        var made = ContextJson.Items(message, "tool_calls", out var isArray);
        foreach (var call in made)
        {
            if (ContextJson.Text(call, "id") is not { } id) return ContextPart.Unknown;
            calls.Open(id);
        }

        if (!isArray) return ContextPart.Unknown;
        if (message.TryGetProperty("function_call", out var function) && function.ValueKind is not JsonValueKind.Null)
        {
            if (ContextJson.Text(function, "name") is not { } name) return ContextPart.Unknown;
            calls.Open(FunctionPrefix + name);
        }

        return ContextPart.Other;
    }

    private static ContextPart Result(string? id, OpenCalls calls) =>
        id is null ? ContextPart.Unknown : calls.Close(id) ? ContextPart.Other : ContextPart.Orphan;
}
