namespace Tieout.Core.Spike;

/// <summary>What kind of program sends a request, by what it says of itself. Anybody can say anything: a class explains traffic, it decides nothing.</summary>
public static class AgentClass
{
    /// <summary>A client library for models.</summary>
    public const string Sdk = "sdk";

    public const string Browser = "browser";

    /// <summary>A crawler, a monitor or another robot that says so.</summary>
    public const string Bot = "bot";

    /// <summary>Anything else, and programs that say nothing.</summary>
    public const string Other = "other";

    private static readonly string[] Bots = ["bot", "crawler", "spider", "headless", "monitor", "uptime"];

    private static readonly string[] Sdks =
        ["openai", "anthropic", "claude", "google-genai", "genai-sdk", "gemini", "langchain", "llamaindex", "litellm", "ai-sdk", "semantic-kernel", "mistral", "cohere"];

    /// <param name="userAgent">The header of that name; null: none came.</param>
    /// <param name="saysSdk">A header that only client libraries send came too.</param>
    public static string Of(string? userAgent, bool saysSdk)
    {
        if (saysSdk) return Sdk;
        if (string.IsNullOrEmpty(userAgent)) return Other;
        if (HasAny(userAgent, Bots)) return Bot;
        if (HasAny(userAgent, Sdks)) return Sdk;
        return userAgent.StartsWith("Mozilla/", StringComparison.Ordinal) ? Browser : Other;
    }

    private static bool HasAny(string text, string[] words)
    {
        foreach (var word in words)
        {
            if (text.Contains(word, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
