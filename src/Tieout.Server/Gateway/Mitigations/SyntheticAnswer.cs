using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Spike;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>An answer in the model's place: words without a call of a tool, so that an agent ends its turn. An error would be retried.</summary>
internal static class SyntheticAnswer
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether the address has answers that can be written here.</summary>
    public static bool Speaks(Dialects.Endpoint endpoint) => endpoint is OpenAiChat or AnthropicMessages { IsFree: false };

    public static string Words(Mitigation by, in ToolRun run) => run.Failures >= run.Repetitions
        ? $"The tool '{run.Tool}' has failed {run.Failures} times in this conversation, so the model was not asked again (mitigation '{by.Id}'). Do not call the tool now. Tell the user that it is not available."
        : $"The tool '{run.Tool}' was called {run.Repetitions + 1} times with the same arguments, so the model was not asked again (mitigation '{by.Id}'). Do not call the tool now. Tell the user that it is not available.";

    /// <summary>Answers as the model would, whole or as a stream. Nothing was used, so the usage is zero.</summary>
    public static async Task WriteAsync(HttpContext context, Dialects.Endpoint endpoint, GatewayRequest request, string words, DateTimeOffset now)
    {
        var id = Guid.CreateVersion7().ToString("n");
        var isAnthropic = endpoint is AnthropicMessages;
        var bytes = new ArrayBufferWriter<byte>(1024);
        if (!request.Stream)
        {
            if (isAnthropic) Message(bytes, id, request.Model, words, isWhole: true);
            else Completion(bytes, "chat.completion", "message", id, request, words, isLast: true, now);
        }
        else if (isAnthropic)
        {
            AnthropicStream(bytes, id, request, words);
        }
        else
        {
            Event(bytes, null, data => Completion(data, "chat.completion.chunk", "delta", id, request, words, isLast: false, now));
            Event(bytes, null, data => Completion(data, "chat.completion.chunk", "delta", id, request, words: null, isLast: true, now));
            bytes.Write("data: [DONE]\n\n"u8);
        }

        context.Response.ContentType = request.Stream ? "text/event-stream" : "application/json";
        context.Response.ContentLength = bytes.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(bytes.WrittenMemory, context.RequestAborted);
    }

    private static void Completion(
        ArrayBufferWriter<byte> bytes, string kind, string part, string id, GatewayRequest request, string? words, bool isLast, DateTimeOffset now)
    {
        using var json = new Utf8JsonWriter(bytes, Plain);
        json.WriteStartObject();
        json.WriteString("id", $"chatcmpl-{id}");
        json.WriteString("object", kind);
        json.WriteNumber("created", now.ToUnixTimeSeconds());
        json.WriteString("model", request.Model);
        json.WriteStartArray("choices");
        for (var index = 0; index < request.Choices; index++)
        {
            json.WriteStartObject();
            json.WriteNumber("index", index);
            json.WriteStartObject(part);
            if (words is not null)
            {
                json.WriteString("role", "assistant");
                json.WriteString("content", words);
            }

            json.WriteEndObject();
            json.WriteNull("logprobs");
            if (isLast) json.WriteString("finish_reason", "stop");
            else json.WriteNull("finish_reason");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (isLast && (!request.Stream || request.UsageAsked))
        {
            json.WriteStartObject("usage");
            foreach (var name in (ReadOnlySpan<string>)["prompt_tokens", "completion_tokens", "total_tokens"]) json.WriteNumber(name, 0);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void AnthropicStream(ArrayBufferWriter<byte> bytes, string id, GatewayRequest request, string words)
    {
        Event(bytes, "message_start", data =>
        {
            var message = new ArrayBufferWriter<byte>(256);
            Message(message, id, request.Model, words, isWhole: false);
            using var json = new Utf8JsonWriter(data, Plain);
            json.WriteStartObject();
            json.WriteString("type", "message_start");
            json.WritePropertyName("message");
            json.WriteRawValue(message.WrittenSpan);
            json.WriteEndObject();
        });
        Event(bytes, "content_block_start", data => data.Write("""{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"""u8));
        Event(bytes, "content_block_delta", data =>
        {
            using var json = new Utf8JsonWriter(data, Plain);
            json.WriteStartObject();
            json.WriteString("type", "content_block_delta");
            json.WriteNumber("index", 0);
            json.WriteStartObject("delta");
            json.WriteString("type", "text_delta");
            json.WriteString("text", words);
            json.WriteEndObject();
            json.WriteEndObject();
        });
        Event(bytes, "content_block_stop", data => data.Write("""{"type":"content_block_stop","index":0}"""u8));
        Event(bytes, "message_delta", data => data.Write(
            """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":0}}"""u8));
        Event(bytes, "message_stop", data => data.Write("""{"type":"message_stop"}"""u8));
    }

    private static void Message(ArrayBufferWriter<byte> bytes, string id, string model, string words, bool isWhole)
    {
        using var json = new Utf8JsonWriter(bytes, Plain);
        json.WriteStartObject();
        json.WriteString("id", $"msg_{id}");
        json.WriteString("type", "message");
        json.WriteString("role", "assistant");
        json.WriteString("model", model);
        json.WriteStartArray("content");
        if (isWhole)
        {
            json.WriteStartObject();
            json.WriteString("type", "text");
            json.WriteString("text", words);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (isWhole) json.WriteString("stop_reason", "end_turn");
        else json.WriteNull("stop_reason");
        json.WriteNull("stop_sequence");
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", 0);
        json.WriteNumber("output_tokens", 0);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <param name="name">Null: events of this stream have no names.</param>
    private static void Event(ArrayBufferWriter<byte> bytes, string? name, Action<ArrayBufferWriter<byte>> write)
    {
        if (name is not null) bytes.Write(System.Text.Encoding.ASCII.GetBytes($"event: {name}\n"));
        bytes.Write("data: "u8);
        write(bytes);
        bytes.Write("\n\n"u8);
    }
}
