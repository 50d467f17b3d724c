using System.Text.Json;

namespace Tieout.Core.Spike.Truncation;

/// <summary>Items of the input of OpenAI's responses.</summary>
internal static class OpenAiResponsesParts
{
    public static ContextPart Of(JsonElement item, OpenCalls calls) => ContextJson.Text(item, "type") switch
    {
        null when item.TryGetProperty("type", out _) => ContextPart.Unknown,
        null or "message" => Message(item),
        "reasoning" or "web_search_call" or "file_search_call" or "code_interpreter_call" or "image_generation_call" or "mcp_call" or "mcp_list_tools" =>
            ContextPart.Other,
        "function_call" or "custom_tool_call" or "computer_call" or "local_shell_call" or "shell_call" or "apply_patch_call" => Call(item, "call_id", calls),
        "function_call_output" or "custom_tool_call_output" or "computer_call_output" or "local_shell_call_output" or "shell_call_output"
            or "apply_patch_call_output" => Result(item, "call_id", calls),
        "mcp_approval_request" => Call(item, "id", calls),
        "mcp_approval_response" => Result(item, "approval_request_id", calls),

        // References to stored items, compacted conversations and whatever comes later.
        _ => ContextPart.Unknown,
    };

    private static ContextPart Message(JsonElement item) => ContextJson.Text(item, "role") switch
    {
        "system" or "developer" => ContextPart.Fixed,
        "user" => ContextPart.User,
        "assistant" => ContextPart.Other,
        _ => ContextPart.Unknown,
    };

    private static ContextPart Call(JsonElement item, string name, OpenCalls calls)
    {
        if (ContextJson.Text(item, name) is not { } id) return ContextPart.Unknown;
        calls.Open(id);
        return ContextPart.Other;
    }

    private static ContextPart Result(JsonElement item, string name, OpenCalls calls) =>
        ContextJson.Text(item, name) is not { } id ? ContextPart.Unknown : calls.Close(id) ? ContextPart.Other : ContextPart.Orphan;
}
