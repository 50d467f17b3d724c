using System.Collections.Immutable;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>The parts of a request that the gateway reads, and the positions that it rewrites. All other bytes are forwarded unchanged.</summary>
internal sealed record GatewayRequest
{
    /// <summary>The client's name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Position of the model's name in the body, with its quotes; null: the address has it, or nothing does.</summary>
    public Range? ModelAt { get; init; }

    public bool Stream { get; init; }

    /// <summary>The provider works on the request in the background, and the client polls for the answer.</summary>
    public bool Background { get; init; }

    /// <summary>The answer has usage anyway: the client asked for it, or the API always sends it.</summary>
    public bool UsageAsked { get; init; }

    /// <summary>Position of the value of <c>stream_options</c>; null: there is none.</summary>
    public Range? StreamOptionsAt { get; init; }

    /// <summary>Position of the value of <c>include_usage</c>; null: there is none.</summary>
    public Range? IncludeUsageAt { get; init; }

    /// <summary>Whether <c>stream_options</c> is an object without members, or null.</summary>
    public bool StreamOptionsEmpty { get; init; }

    /// <summary>Position just before the closing brace of the body.</summary>
    public int End { get; init; }

    /// <summary>The most output tokens of an answer; null: the request sets no limit.</summary>
    public long? OutputTokensMax { get; init; }

    /// <summary>Tokens that the request reserves for thinking: a limit of the output must be above them. 0: none.</summary>
    public long ThinkingTokens { get; init; }

    /// <summary>Where that limit can be lowered; null: nowhere.</summary>
    public OutputLimit? Limit { get; init; }

    /// <summary>Number of answers that the client asks for.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Bytes of the text for the model.</summary>
    public long TextBytes { get; init; }

    /// <summary>Characters of the text for the model, for prices per character.</summary>
    public long TextCharacters { get; init; }

    public int Images { get; init; }

    /// <summary>Upper bound of the seconds of audio in the request.</summary>
    public long AudioSeconds { get; init; }

    /// <summary>The answer costs, and not only the request.</summary>
    public bool HasOutput { get; init; } = true;

    /// <summary>The most things in the answer that have a price each, for example images.</summary>
    public int Pieces { get; init; } = 1;

    /// <summary>Files and earlier answers that the provider already has: their size is not in the request.</summary>
    public int Files { get; init; }

    /// <summary>The most calls of tools that the provider itself runs and charges for.</summary>
    public int ToolCalls { get; init; }

    /// <summary>OpenAI's <c>user</c>: free text.</summary>
    public string? User { get; init; }

    /// <summary>The body, where it is a form; null: it is JSON.</summary>
    public RequestForm? Form { get; init; }

    /// <summary>Bytes of the whole body.</summary>
    public required int Bytes { get; init; }
}

/// <summary>Where a request has, or would have, the limit of its output.</summary>
/// <param name="At">Positions of the values to replace; or one position at which to insert.</param>
/// <param name="Before">Text to insert before the number.</param>
/// <param name="After">Text to insert after it.</param>
internal sealed record OutputLimit(ImmutableArray<Range> At, string Before = "", string After = "");
