using System.Collections.Immutable;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>What the gateway reads of a request, with the places where it rewrites. Everything else passes as it is.</summary>
internal sealed record GatewayRequest
{
    /// <summary>As the client asked for it.</summary>
    public required string Model { get; init; }

    /// <summary>Where the name of the model stands in the body, quotes included; null: it stands in the address, or nowhere.</summary>
    public Range? ModelAt { get; init; }

    public bool Stream { get; init; }

    /// <summary>Whether it is answered later, to whoever asks for the answer.</summary>
    public bool Background { get; init; }

    /// <summary>Whether usage comes without a wish of ours: the client asked for it, or the API always says.</summary>
    public bool UsageAsked { get; init; }

    /// <summary>Where the value of <c>stream_options</c> stands; null: there is none.</summary>
    public Range? StreamOptionsAt { get; init; }

    /// <summary>Where the value of <c>include_usage</c> in it stands; null: there is none.</summary>
    public Range? IncludeUsageAt { get; init; }

    /// <summary>Whether <c>stream_options</c> is an object without members, or null.</summary>
    public bool StreamOptionsEmpty { get; init; }

    /// <summary>Just before the closing brace of the body.</summary>
    public int End { get; init; }

    /// <summary>The most output tokens an answer may have; null: the request does not say.</summary>
    public long? OutputTokensMax { get; init; }

    /// <summary>Where that can be lowered; null: nowhere.</summary>
    public OutputLimit? Limit { get; init; }

    /// <summary>How many answers are asked for.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Bytes of the text for the model.</summary>
    public long TextBytes { get; init; }

    /// <summary>Characters of the text for the model, for what is priced by them.</summary>
    public long TextCharacters { get; init; }

    public int Images { get; init; }

    /// <summary>Seconds of the audio that came with the request, at most.</summary>
    public long AudioSeconds { get; init; }

    /// <summary>The answer costs, beside the request.</summary>
    public bool HasOutput { get; init; } = true;

    /// <summary>How many things there may be in the answer that have a price each.</summary>
    public int Pieces { get; init; } = 1;

    /// <summary>Files and earlier answers that the provider already has: their size is not in the request.</summary>
    public int Files { get; init; }

    /// <summary>Calls of tools that the provider itself runs and charges for, at most.</summary>
    public int ToolCalls { get; init; }

    /// <summary>OpenAI's <c>user</c>: free text.</summary>
    public string? User { get; init; }

    /// <summary>The body, where it is a form; null: it is JSON.</summary>
    public RequestForm? Form { get; init; }

    /// <summary>Bytes of the whole body.</summary>
    public required int Bytes { get; init; }
}

/// <summary>Where a request says how long an answer may be, or would.</summary>
/// <param name="At">The values to replace; or, with a text around it, the one place to insert.</param>
/// <param name="Before">What comes before the number.</param>
/// <param name="After">What comes after it.</param>
internal sealed record OutputLimit(ImmutableArray<Range> At, string Before = "", string After = "");
