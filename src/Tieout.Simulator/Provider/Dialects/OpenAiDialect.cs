using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>What all of OpenAI's endpoints have in common: errors, and two ways to write the same usage.</summary>
internal abstract class OpenAiDialect : SimulatedDialect
{
    /// <summary>A stream's text comes in at most so many events: enough to cut in the middle, few enough to be cheap.</summary>
    protected const int TextEventsMax = 16;

    public sealed override string Name => "openai";

    public sealed override void WriteError(int status, string message, string? field, RenderedAnswer rendered) =>
        WriteErrorBody(status, message, field, rendered);

    public static void WriteErrorBody(int status, string message, string? field, RenderedAnswer rendered)
    {
        var (type, code) = status switch
        {
            429 => ("requests", "rate_limit_exceeded"),
            500 => ("server_error", null),
            _ => ("invalid_request_error", null),
        };
        rendered.WriteBody(json => json.WriteObject("error", error =>
        {
            error.WriteString("message"u8, message);
            error.WriteString("type"u8, type);
            error.WriteString("param"u8, field);
            error.WriteString("code"u8, code);
        }));
    }

    /// <summary>As chat and the older endpoints say it.</summary>
    protected static void WritePromptUsage(Utf8JsonWriter json, SimulatedUsage usage) => json.WriteObject("usage", members =>
    {
        members.WriteNumber("prompt_tokens"u8, usage.PromptTokens);
        members.WriteNumber("completion_tokens"u8, usage.CompletionTokens);
        members.WriteNumber("total_tokens"u8, usage.TotalTokens);
        members.WriteObject("prompt_tokens_details", details =>
        {
            details.WriteNumber("cached_tokens"u8, usage.CachedTokens);
            if (usage.CacheWriteTokens > 0) details.WriteNumber("cache_write_tokens"u8, usage.CacheWriteTokens);
            details.WriteNumber("audio_tokens"u8, 0);
        });
        members.WriteObject("completion_tokens_details", details =>
        {
            details.WriteNumber("reasoning_tokens"u8, usage.ReasoningTokens);
            details.WriteNumber("audio_tokens"u8, 0);
            details.WriteNumber("accepted_prediction_tokens"u8, 0);
            details.WriteNumber("rejected_prediction_tokens"u8, 0);
        });
    });

    /// <summary>As responses and the newer endpoints say it.</summary>
    public static void WriteInputUsage(Utf8JsonWriter json, SimulatedUsage usage) => json.WriteObject("usage", members =>
    {
        members.WriteNumber("input_tokens"u8, usage.PromptTokens);
        members.WriteObject("input_tokens_details", details =>
        {
            details.WriteNumber("cached_tokens"u8, usage.CachedTokens);
            if (usage.CacheWriteTokens > 0) details.WriteNumber("cache_write_tokens"u8, usage.CacheWriteTokens);
        });
        members.WriteNumber("output_tokens"u8, usage.CompletionTokens);
        members.WriteObject("output_tokens_details", details => details.WriteNumber("reasoning_tokens"u8, usage.ReasoningTokens));
        members.WriteNumber("total_tokens"u8, usage.TotalTokens);
    });

    /// <summary>Whether a stream of chat or of completions is asked to end with its usage.</summary>
    protected static bool UsageAsked(JsonElement root) => root.Member("stream_options")?.Flag("include_usage") ?? false;
}
