using System.Buffers;
using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>OpenAI chat completions, whole and streamed, with several choices and tool calls.</summary>
internal sealed class OpenAiChat : OpenAiDialect
{
    public override string Endpoint => "chat/completions";

    public override SimulatedRequest Read(SimulatedInput input) => OpenAiChatReader.Read(input.Body);

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) => rendered.WriteBody(json =>
    {
        WriteHead(json, answer, "chat.completion"u8);
        json.WriteStartArray("choices"u8);
        for (var choice = 0; choice < answer.Request.Choices; choice++)
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, choice);
            json.WriteStartObject("message"u8);
            json.WriteString("role"u8, "assistant"u8);
            if (answer.Tool is null) json.WriteText("content"u8, answer.TextTokensOf(choice));
            else
            {
                json.WriteNull("content"u8);
                json.WriteOnly("tool_calls", call => WriteCall(call, answer, choice, SimulatedAnswer.ToolArguments));
            }

            json.WriteNull("refusal"u8);
            json.WriteEmptyArray("annotations");
            json.WriteEndObject();
            json.WriteNull("logprobs"u8);
            json.WriteString("finish_reason"u8, FinishReason(answer));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteUsageOf(answer, WritePromptUsage);
    });

    public override void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        for (var choice = 0; choice < answer.Request.Choices; choice++) WriteChoice(answer, choice, rendered);

        if (answer.Request.UsageAsked && !answer.Faults.NoUsage)
        {
            if (answer.Faults.UsageTwice) WriteUsageEvent(answer, answer.Usage.HalfWay(), rendered);
            WriteUsageEvent(answer, answer.Usage, rendered);
        }

        rendered.Bytes.Write("data: [DONE]\n\n"u8);
        rendered.EndPart();
    }

    /// <summary>The first event has the role, the last one why it ended, those between have text or a call.</summary>
    private static void WriteChoice(SimulatedAnswer answer, int choice, RenderedAnswer rendered)
    {
        WriteDelta(answer, choice, rendered, finished: false, delta =>
        {
            delta.WriteString("role"u8, "assistant"u8);
            if (answer.Tool is null) delta.WriteString("content"u8, ""u8);
            else delta.WriteNull("content"u8);
            delta.WriteNull("refusal"u8);
        });
        if (answer.Tool is null)
        {
            foreach (var tokens in SimulatedText.Pieces(answer.TextTokensOf(choice), TextEventsMax))
            {
                WriteDelta(answer, choice, rendered, finished: false, delta => delta.WriteText("content"u8, tokens));
            }
        }
        else
        {
            WriteDelta(answer, choice, rendered, finished: false, delta => delta.WriteOnly("tool_calls", call =>
            {
                call.WriteNumber("index"u8, 0);
                WriteCall(call, answer, choice, "");
            }));
            WriteDelta(answer, choice, rendered, finished: false, delta => delta.WriteOnly("tool_calls", call =>
            {
                call.WriteNumber("index"u8, 0);
                call.WriteObject("function", function => function.WriteString("arguments"u8, SimulatedAnswer.ToolArguments));
            }));
        }

        WriteDelta(answer, choice, rendered, finished: true, _ => { });
    }

    private static void WriteCall(Utf8JsonWriter call, SimulatedAnswer answer, int choice, string arguments)
    {
        call.WriteString("id"u8, $"call_{answer.Id}{choice}");
        call.WriteString("type"u8, "function"u8);
        call.WriteObject("function", function =>
        {
            function.WriteString("name"u8, answer.Tool);
            function.WriteString("arguments"u8, arguments);
        });
    }

    private static void WriteDelta(SimulatedAnswer answer, int choice, RenderedAnswer rendered, bool finished, Action<Utf8JsonWriter> delta) =>
        rendered.WriteEvent(null, json =>
        {
            WriteHead(json, answer, "chat.completion.chunk"u8);
            json.WriteStartArray("choices"u8);
            json.WriteStartObject();
            json.WriteNumber("index"u8, choice);
            json.WriteObject("delta", delta);
            json.WriteNull("logprobs"u8);
            if (finished) json.WriteString("finish_reason"u8, FinishReason(answer));
            else json.WriteNull("finish_reason"u8);
            json.WriteEndObject();
            json.WriteEndArray();
            if (answer.Request.UsageAsked && !answer.Faults.NoUsage) json.WriteNull("usage"u8);
        });

    private static void WriteUsageEvent(SimulatedAnswer answer, SimulatedUsage usage, RenderedAnswer rendered) =>
        rendered.WriteEvent(null, json =>
        {
            WriteHead(json, answer, "chat.completion.chunk"u8);
            json.WriteEmptyArray("choices");
            WritePromptUsage(json, usage);
        });

    private static void WriteHead(Utf8JsonWriter json, SimulatedAnswer answer, ReadOnlySpan<byte> objectName)
    {
        json.WriteString("id"u8, $"chatcmpl-{answer.Id}");
        json.WriteString("object"u8, objectName);
        json.WriteNumber("created"u8, answer.CreatedUnixSeconds);
        json.WriteString("model"u8, answer.Request.Model);
        json.WriteString("service_tier"u8, "default"u8);
        json.WriteString("system_fingerprint"u8, "fp_simulated"u8);
    }

    private static ReadOnlySpan<byte> FinishReason(SimulatedAnswer answer) =>
        answer.Usage.StoppedByLimit ? "length"u8 : answer.Tool is null ? "stop"u8 : "tool_calls"u8;
}
