using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway;

/// <summary>Step 3: the most that a request may use.</summary>
internal static class Ceiling
{
    /// <summary>What providers add around the messages (roles, separators, the start of the answer), where a body is too small to hide it.</summary>
    private const long OverheadTokens = 64;

    /// <summary>The dearest image known: gpt-4o-mini at high detail, 2,833 + 8 tiles × 5,667 tokens.</summary>
    private const long TokensPerImage = 48_169;

    /// <summary>A file at the provider, whose size we do not see, where the model's context window is not listed either.</summary>
    private const long TokensPerFile = 1_000_000;

    /// <remarks>
    /// A token is at least one byte of the text it stands for, in every tokenizer in use; so the bytes of the body bound its tokens, audio
    /// (sent as base64) included. Nothing passes the context window, where the list knows it.
    /// </remarks>
    public static UsageBounds Of(GatewayRequest request, long? targetOutputMax, ModelLimits limits, long outputDefault)
    {
        var window = limits.ContextWindow ?? UsageUnits.CountMax;
        var input = request.Bytes + OverheadTokens + request.Images * TokensPerImage + request.Files * TokensPerFile;
        var output = Math.Min(request.OutputTokensMax ?? targetOutputMax ?? outputDefault, window);
        return new(Math.Min(input, window), request.HasOutput ? output * request.Choices : 0, request.ToolCalls)
        {
            Requests = request.Pieces,
            Characters = request.TextCharacters,
            Seconds = request.AudioSeconds,
        };
    }
}
