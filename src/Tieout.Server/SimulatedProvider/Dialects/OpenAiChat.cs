using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Tieout.Server.SimulatedProvider.Dialects;

/// <summary>OpenAI chat completions: <c>POST .../chat/completions</c>, whole and streamed.</summary>
internal sealed class OpenAiChat : SimulatedDialect
{
    /// <summary>A stream's text comes in at most so many events: enough to cut in the middle, few enough to be cheap.</summary>
    private const int TextEventsMax = 16;

    // Providers do not escape for HTML, and the bytes are never a page.
    private static readonly JsonWriterOptions AsProvidersWrite = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public override string Name => "openai-chat";

    public override bool Answers(string path) => path.EndsWith("/chat/completions", StringComparison.Ordinal);

    public override SimulatedRequest Read(string path, in ReadOnlySequence<byte> body) => OpenAiChatReader.Read(body);

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        using (var json = new Utf8JsonWriter(rendered.Bytes, AsProvidersWrite))
        {
            WriteHead(json, answer, "chat.completion"u8);
            json.WriteStartArray("choices"u8);
            json.WriteStartObject();
            json.WriteNumber("index"u8, 0);
            json.WriteStartObject("message"u8);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteText("content"u8, answer.TextTokens);
            json.WriteNull("refusal"u8);
            json.WriteStartArray("annotations"u8);
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteNull("logprobs"u8);
            json.WriteString("finish_reason"u8, FinishReason(answer));
            json.WriteEndObject();
            json.WriteEndArray();
            if (!answer.Faults.NoUsage)
            {
                // The same name twice is legal JSON; what readers make of it is for them to get right.
                if (answer.Faults.UsageTwice) WriteUsage(json, answer.Usage.HalfWay());
                WriteUsage(json, answer.Usage);
            }

            json.WriteEndObject();
        }

        rendered.EndPart();
    }

    public override void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        WriteDelta(answer, rendered, textTokens: 0, first: true, finished: false);
        foreach (var tokens in SimulatedText.Pieces(answer.TextTokens, TextEventsMax))
        {
            WriteDelta(answer, rendered, tokens, first: false, finished: false);
        }

        WriteDelta(answer, rendered, textTokens: 0, first: false, finished: true);
        if (answer.Request.UsageAsked && !answer.Faults.NoUsage)
        {
            if (answer.Faults.UsageTwice) WriteUsageEvent(answer, answer.Usage.HalfWay(), rendered);
            WriteUsageEvent(answer, answer.Usage, rendered);
        }

        rendered.Bytes.Write("data: [DONE]\n\n"u8);
        rendered.EndPart();
    }

    public override void WriteError(int status, string message, string? field, RenderedAnswer rendered)
    {
        var (type, code) = status switch
        {
            429 => ("requests", "rate_limit_exceeded"),
            500 => ("server_error", null),
            _ => ("invalid_request_error", null),
        };
        using (var json = new Utf8JsonWriter(rendered.Bytes, AsProvidersWrite))
        {
            json.WriteStartObject();
            json.WriteStartObject("error"u8);
            json.WriteString("message"u8, message);
            json.WriteString("type"u8, type);
            json.WriteString("param"u8, field);
            json.WriteString("code"u8, code);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        rendered.EndPart();
    }

    /// <summary>The first event has the role, the last one why it ended, those between have text.</summary>
    private static void WriteDelta(SimulatedAnswer answer, RenderedAnswer rendered, int textTokens, bool first, bool finished) =>
        WriteEvent(answer, rendered, json =>
        {
            json.WriteStartArray("choices"u8);
            json.WriteStartObject();
            json.WriteNumber("index"u8, 0);
            json.WriteStartObject("delta"u8);
            if (first)
            {
                json.WriteString("role"u8, "assistant"u8);
                json.WriteString("content"u8, ""u8);
                json.WriteNull("refusal"u8);
            }
            else if (!finished)
            {
                json.WriteText("content"u8, textTokens);
            }

            json.WriteEndObject();
            json.WriteNull("logprobs"u8);
            if (finished) json.WriteString("finish_reason"u8, FinishReason(answer));
            else json.WriteNull("finish_reason"u8);
            json.WriteEndObject();
            json.WriteEndArray();
            if (answer.Request.UsageAsked && !answer.Faults.NoUsage) json.WriteNull("usage"u8);
        });

    private static void WriteUsageEvent(SimulatedAnswer answer, SimulatedUsage usage, RenderedAnswer rendered) =>
        WriteEvent(answer, rendered, json =>
        {
            json.WriteStartArray("choices"u8);
            json.WriteEndArray();
            WriteUsage(json, usage);
        });

    private static void WriteEvent(SimulatedAnswer answer, RenderedAnswer rendered, Action<Utf8JsonWriter> writeRest)
    {
        rendered.Bytes.Write("data: "u8);
        using (var json = new Utf8JsonWriter(rendered.Bytes, AsProvidersWrite))
        {
            WriteHead(json, answer, "chat.completion.chunk"u8);
            writeRest(json);
            json.WriteEndObject();
        }

        rendered.Bytes.Write("\n\n"u8);
        rendered.EndPart();
    }

    /// <summary>Opens the object that every body and event is; the caller closes it.</summary>
    private static void WriteHead(Utf8JsonWriter json, SimulatedAnswer answer, ReadOnlySpan<byte> objectName)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, $"chatcmpl-{answer.Id}");
        json.WriteString("object"u8, objectName);
        json.WriteNumber("created"u8, answer.CreatedUnixSeconds);
        json.WriteString("model"u8, answer.Request.Model);
        json.WriteString("service_tier"u8, "default"u8);
        json.WriteString("system_fingerprint"u8, "fp_simulated"u8);
    }

    private static void WriteUsage(Utf8JsonWriter json, SimulatedUsage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, usage.PromptTokens);
        json.WriteNumber("completion_tokens"u8, usage.CompletionTokens);
        json.WriteNumber("total_tokens"u8, (long)usage.PromptTokens + usage.CompletionTokens);
        json.WriteStartObject("prompt_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, usage.CachedTokens);
        json.WriteNumber("audio_tokens"u8, 0);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, usage.ReasoningTokens);
        json.WriteNumber("audio_tokens"u8, 0);
        json.WriteNumber("accepted_prediction_tokens"u8, 0);
        json.WriteNumber("rejected_prediction_tokens"u8, 0);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static ReadOnlySpan<byte> FinishReason(SimulatedAnswer answer) => answer.Usage.StoppedByLimit ? "length"u8 : "stop"u8;
}
