using System.Text.Json;

namespace Tieout.Core.Spike.Truncation;

/// <summary>Estimates the tokens of a message by its bytes, so that they are the same in every turn and on every server.</summary>
internal static class ContextTokens
{
    private const int BytesPerToken = 4;

    /// <summary>An image, a recording or a file: bytes do not say its tokens.</summary>
    private const int TokensPerMedium = 1_000;

    /// <summary>Members with a medium as base64 or as an address.</summary>
    private static readonly string[] Media = ["data", "url", "image_url", "file_data", "file_url", "file_id"];

    /// <param name="message">Valid JSON.</param>
    public static long Of(ReadOnlySpan<byte> message)
    {
        var json = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = ContextTruncation.DepthMax });
        var (bytes, media, isMedium) = (0L, 0L, false);
        while (json.Read())
        {
            if (json.TokenType is JsonTokenType.PropertyName) isMedium = IsMedium(json);
            else if (json.TokenType is JsonTokenType.String && isMedium) media++;
            else if (json.TokenType is JsonTokenType.String or JsonTokenType.Number) bytes += json.ValueSpan.Length;
        }

        return (bytes + BytesPerToken - 1) / BytesPerToken + media * TokensPerMedium;
    }

    private static bool IsMedium(in Utf8JsonReader json)
    {
        foreach (var name in Media)
        {
            if (json.ValueTextEquals(name)) return true;
        }

        return false;
    }
}
