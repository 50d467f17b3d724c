using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>The one item that a response puts out: a message or a call.</summary>
internal sealed record OpenAiResponseItem(string Id, SimulatedAnswer Answer)
{
    public static OpenAiResponseItem Of(SimulatedAnswer answer) => new(answer.Tool is null ? $"msg_{answer.Id}" : $"fc_{answer.Id}", answer);

    /// <param name="whole">With its text or arguments, not yet without.</param>
    public void WriteMembers(Utf8JsonWriter json, string status, bool whole)
    {
        json.WriteString("id"u8, Id);
        json.WriteString("type"u8, Answer.Tool is null ? "message" : "function_call");
        json.WriteString("status"u8, status);
        if (Answer.Tool is { } tool)
        {
            json.WriteString("call_id"u8, $"call_{Answer.Id}");
            json.WriteString("name"u8, tool);
            json.WriteString("arguments"u8, whole ? SimulatedAnswer.ToolArguments : "");
            return;
        }

        json.WriteString("role"u8, "assistant"u8);
        if (whole) json.WriteOnly("content", part => WritePart(part, Answer.TextTokens));
        else json.WriteEmptyArray("content");
    }

    public static void WritePart(Utf8JsonWriter json, int textTokens)
    {
        json.WriteString("type"u8, "output_text"u8);
        json.WriteEmptyArray("annotations");
        json.WriteEmptyArray("logprobs");
        json.WriteText("text"u8, textTokens);
    }
}
