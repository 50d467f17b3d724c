namespace Tieout.Core.Spike;

/// <summary>Why an answer ended, in the same few words for every provider.</summary>
public static class FinishReason
{
    /// <summary>The model had said what it wanted.</summary>
    public const string Stop = "stop";

    /// <summary>It reached the limit of output tokens, or of the context.</summary>
    public const string Length = "length";

    /// <summary>It asks for tools to be called.</summary>
    public const string ToolCalls = "tool_calls";

    /// <summary>A filter of the provider's ended it, or the model refused.</summary>
    public const string Filtered = "filtered";

    /// <summary>A word that is not known here.</summary>
    public const string Other = "other";

    // OpenAI's chat and responses, Anthropic's messages, Gemini.
    private static readonly (string Word, string[] Said)[] Known =
    [
        (Stop, ["stop", "end_turn", "stop_sequence", "completed"]),
        (Length, ["length", "max_tokens", "max_output_tokens", "model_context_window_exceeded"]),
        (ToolCalls, ["tool_calls", "tool_use", "function_call", "pause_turn"]),
        (Filtered, ["content_filter", "refusal", "safety", "recitation", "blocklist", "prohibited_content", "spii", "image_safety"]),
    ];

    /// <param name="said">The provider's word, in any case.</param>
    /// <returns>Null: the provider said nothing.</returns>
    public static string? Of(ReadOnlySpan<byte> said)
    {
        if (said.IsEmpty) return null;
        foreach (var (word, all) in Known)
        {
            foreach (var each in all)
            {
                if (System.Text.Ascii.EqualsIgnoreCase(said, each)) return word;
            }
        }

        return Other;
    }
}
