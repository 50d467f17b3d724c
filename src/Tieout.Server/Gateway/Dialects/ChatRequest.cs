namespace Tieout.Server.Gateway.Dialects;

/// <summary>What the gateway reads of a chat request, with the places where it rewrites. Everything else passes as it is.</summary>
internal sealed record ChatRequest
{
    /// <summary>As the client asked for it.</summary>
    public required string Model { get; init; }

    /// <summary>Where the value of <c>model</c> stands, quotes included.</summary>
    public required Range ModelAt { get; init; }

    public bool Stream { get; init; }

    /// <summary>Whether the client itself asked for usage in the stream.</summary>
    public bool UsageAsked { get; init; }

    /// <summary>Where the value of <c>stream_options</c> stands; null: there is none.</summary>
    public Range? StreamOptionsAt { get; init; }

    /// <summary>Where the value of <c>include_usage</c> in it stands; null: there is none.</summary>
    public Range? IncludeUsageAt { get; init; }

    /// <summary>Whether <c>stream_options</c> is an object without members, or null.</summary>
    public bool StreamOptionsEmpty { get; init; }

    /// <summary>Just before the closing brace of the body.</summary>
    public required int End { get; init; }

    /// <summary>The most output tokens a choice may have; null: the request does not say.</summary>
    public long? OutputTokensMax { get; init; }

    /// <summary>How many answers are asked for.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Bytes of the text in <c>messages</c>.</summary>
    public long TextBytes { get; init; }

    public int Images { get; init; }

    /// <summary>Files that the provider already has: their size is not in the request.</summary>
    public int Files { get; init; }

    /// <summary>OpenAI's <c>user</c>: free text.</summary>
    public string? User { get; init; }

    /// <summary>Bytes of the whole body.</summary>
    public required int Bytes { get; init; }
}
