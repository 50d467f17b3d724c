using System.Text.Json;

namespace Tieout.Core.Spike.Truncation;

/// <summary>Messages of Anthropic's dialect.</summary>
internal static class AnthropicParts
{
    public static ContextPart Of(JsonElement message, OpenCalls calls)
    {
        var role = ContextJson.Text(message, "role");
        if (role is not ("user" or "assistant") || !message.TryGetProperty("content", out var content)) return ContextPart.Unknown;
        var part = role == "user" ? ContextPart.User : ContextPart.Other;
        if (content.ValueKind is JsonValueKind.String) return part;
        if (content.ValueKind is not JsonValueKind.Array) return ContextPart.Unknown;
        foreach (var block in content.EnumerateArray())
        {
            // A message that has a result belongs to the turn of its call, whatever else it says.
            var of = OfBlock(block, role, calls);
            if (of is ContextPart.Unknown or ContextPart.Orphan) return of;
            if (of is ContextPart.Other) part = of;
        }

        return part;
    }

    private static ContextPart OfBlock(JsonElement block, string role, OpenCalls calls)
    {
        switch (ContextJson.Text(block, "type"))
        {
            case "text" or "image" or "document" or "search_result":
                return role == "user" ? ContextPart.User : ContextPart.Other;
            case "thinking" or "redacted_thinking" when role == "assistant":
                return ContextPart.Other;
            case "tool_use" or "server_tool_use" or "mcp_tool_use" when role == "assistant" && ContextJson.Text(block, "id") is { } id:
                calls.Open(id);
                return ContextPart.Other;
            case "tool_result" when role == "user" && HasKnownContent(block):
            case "web_search_tool_result" or "web_fetch_tool_result" or "code_execution_tool_result" or "bash_code_execution_tool_result"
                or "text_editor_code_execution_tool_result" or "mcp_tool_result" when role == "assistant":
                return ContextJson.Text(block, "tool_use_id") is not { } call ? ContextPart.Unknown
                    : calls.Close(call) ? ContextPart.Other : ContextPart.Orphan;
            default:
                // Compacted conversations, files for a container, tools that were found by a search, and whatever comes later: later messages may need them.
                return ContextPart.Unknown;
        }
    }

    private static bool HasKnownContent(JsonElement result)
    {
        if (ContextJson.Text(result, "content") is not null) return true;
        var content = ContextJson.Items(result, "content", out var isArray);
        foreach (var block in content)
        {
            if (ContextJson.Text(block, "type") is not ("text" or "image" or "document" or "search_result")) return false;
        }

        return isArray;
    }
}
