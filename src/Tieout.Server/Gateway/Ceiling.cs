using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway;

/// <summary>Step 3: the most that a request may use.</summary>
internal static class Ceiling
{
    /// <summary>Tokens that providers add around the messages (roles, separators, the start of the answer). A small body has fewer bytes than that.</summary>
    private const long OverheadTokens = 64;

    /// <summary>The dearest image known: gpt-4o-mini at high detail, 2,833 + 8 tiles × 5,667 tokens.</summary>
    private const long TokensPerImage = 48_169;

    /// <summary>A file that only the provider has, so that its size is unknown. The context window limits it where the price list has one.</summary>
    private const long TokensPerFile = 1_000_000;

    /// <remarks>
    /// In every tokenizer in use a token encodes at least one byte of text, so the bytes of the body bound its tokens, audio (sent as base64) included.
    /// No request exceeds the context window, where the price list has one.
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
