using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>Anthropic messages, whole and streamed.</summary>
/// <remarks>
/// Here the counts of a prompt are disjoint: <c>input_tokens</c> is what neither came from nor went to the cache.
/// A stream says its usage twice: at the start, and at the end cumulatively, so that only the last is right.
/// </remarks>
internal sealed class AnthropicMessages : AnthropicDialect
{
    private const int TextEventsMax = 16;

    public override string Endpoint => "messages";

    public override SimulatedRequest Read(SimulatedInput input)
    {
        var root = JsonRequest.Root(input);
        var tokensMax = root.Limit("max_tokens") ?? throw new SimulatedRequestException("Field required", "max_tokens");
        return Read(root, root.Flag("stream"), tokensMax);
    }

    public override void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered) => rendered.WriteBody(json =>
    {
        WriteHead(json, answer);
        json.WriteOnly("content", block => WriteBlock(block, answer, whole: true));
        json.WriteString("stop_reason"u8, StopReason(answer));
        json.WriteNull("stop_sequence"u8);
        json.WriteUsageOf(answer, (members, usage) => WriteUsage(members, answer.Request.Model, usage));
    });

    public override void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered)
    {
        Event("message_start", json => json.WriteObject("message", message =>
        {
            WriteHead(message, answer);
            message.WriteEmptyArray("content");
            message.WriteNull("stop_reason"u8);
            message.WriteNull("stop_sequence"u8);
            if (!answer.Faults.NoUsage) WriteUsage(message, answer.Request.Model, Started(answer.Usage));
        }));
        Event("content_block_start", json =>
        {
            json.WriteNumber("index"u8, 0);
            json.WriteObject("content_block", block => WriteBlock(block, answer, whole: false));
        });
        Event("ping", _ => { });
        if (answer.Tool is null)
        {
            foreach (var tokens in SimulatedText.Pieces(answer.TextTokens, TextEventsMax)) Delta("text_delta", delta => delta.WriteText("text"u8, tokens));
        }
        else
        {
            Delta("input_json_delta", delta => delta.WriteString("partial_json"u8, SimulatedAnswer.ToolArguments));
        }

        Event("content_block_stop", json => json.WriteNumber("index"u8, 0));
        if (answer.Faults.UsageTwice) End(answer.Usage.HalfWay(), stopReason: null);
        End(answer.Usage, StopReason(answer));
        Event("message_stop", _ => { });

        void Delta(string type, Action<Utf8JsonWriter> members) => Event("content_block_delta", json =>
        {
            json.WriteNumber("index"u8, 0);
            json.WriteObject("delta", delta =>
            {
                delta.WriteString("type"u8, type);
                members(delta);
            });
        });

        void End(SimulatedUsage usage, string? stopReason) => Event("message_delta", json =>
        {
            json.WriteObject("delta", delta =>
            {
                delta.WriteString("stop_reason"u8, stopReason);
                delta.WriteNull("stop_sequence"u8);
            });
            if (!answer.Faults.NoUsage) WriteUsage(json, answer.Request.Model, usage);
        });

        void Event(string type, Action<Utf8JsonWriter> members) => rendered.WriteEvent(type, json =>
        {
            json.WriteString("type"u8, type);
            members(json);
        });
    }

    private static void WriteHead(Utf8JsonWriter json, SimulatedAnswer answer)
    {
        json.WriteString("id"u8, $"msg_{answer.Id}");
        json.WriteString("type"u8, "message"u8);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteString("model"u8, answer.Request.Model);
    }

    private static void WriteBlock(Utf8JsonWriter block, SimulatedAnswer answer, bool whole)
    {
        if (answer.Tool is not { } tool)
        {
            block.WriteString("type"u8, "text"u8);
            block.WriteText("text"u8, whole ? answer.TextTokens : 0);
            return;
        }

        block.WriteString("type"u8, "tool_use"u8);
        block.WriteString("id"u8, $"toolu_{answer.Id}");
        block.WriteString("name"u8, tool);
        block.WritePropertyName("input"u8);
        block.WriteRawValue(whole ? SimulatedAnswer.ToolArguments : "{}");
        block.WriteObject("caller", caller => caller.WriteString("type"u8, "direct"u8));
    }

    private static void WriteUsage(Utf8JsonWriter json, string model, SimulatedUsage usage) => json.WriteObject("usage", members =>
    {
        WriteCounts(members, usage);
        if (usage.ReasoningTokens > 0) members.WriteObject("output_tokens_details", details => details.WriteNumber("thinking_tokens"u8, usage.ReasoningTokens));
        members.WriteString("service_tier"u8, "standard"u8);
        if (usage.Iterations.Count == 0) return;

        // What the model itself used is the last iteration; the others are in no other number of the answer.
        members.WriteStartArray("iterations"u8);
        foreach (var inside in usage.Iterations)
        {
            members.WriteStartObject();
            members.WriteString("type"u8, inside.Type);
            if (inside.Model is not null || inside.Type == "advisor_message") members.WriteString("model"u8, inside.Model ?? model);
            WriteCounts(members, new(inside.PromptTokens, 0, inside.CompletionTokens, 0, false));
            members.WriteEndObject();
        }

        members.WriteStartObject();
        members.WriteString("type"u8, "message"u8);
        WriteCounts(members, usage);
        members.WriteEndObject();
        members.WriteEndArray();
    });

    private static void WriteCounts(Utf8JsonWriter json, SimulatedUsage usage)
    {
        json.WriteNumber("input_tokens"u8, usage.FreshTokens);
        json.WriteNumber("cache_creation_input_tokens"u8, usage.CacheWriteTokens);
        json.WriteNumber("cache_read_input_tokens"u8, usage.CachedTokens);
        json.WriteObject("cache_creation", cache =>
        {
            cache.WriteNumber("ephemeral_5m_input_tokens"u8, usage.CacheWrite5mTokens);
            cache.WriteNumber("ephemeral_1h_input_tokens"u8, usage.CacheWrite1hTokens);
        });
        json.WriteNumber("output_tokens"u8, usage.CompletionTokens);
    }

    /// <summary>At the start the prompt is known and the answer has hardly begun.</summary>
    private static SimulatedUsage Started(SimulatedUsage usage) =>
        usage with { CompletionTokens = Math.Min(usage.CompletionTokens, 1), ReasoningTokens = 0, Iterations = [] };

    private static string StopReason(SimulatedAnswer answer) => answer.Usage.StoppedByLimit ? "max_tokens" : answer.Tool is null ? "end_turn" : "tool_use";
}
