namespace Tieout.Core.Spike.Truncation;

/// <summary>How a request writes its conversation.</summary>
public enum ContextDialect
{
    /// <summary>OpenAI's chat completions: <c>messages</c>.</summary>
    OpenAiChat,

    /// <summary>OpenAI's responses: <c>input</c>.</summary>
    OpenAiResponses,

    /// <summary>Anthropic's messages: <c>messages</c>, with the system prompt beside them.</summary>
    AnthropicMessages,
}
