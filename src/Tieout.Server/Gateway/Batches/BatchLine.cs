using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway.Batches;

/// <summary>One request of a batch, as its client wrote it.</summary>
/// <param name="CustomId">The client's own name of it, which its result bears.</param>
/// <param name="Url">Whose request it is; null: the batch's address says so for all.</param>
/// <param name="Body">Where the request itself stands.</param>
internal readonly record struct BatchLine(string CustomId, string? Url, Range Body)
{
    /// <summary>What providers allow.</summary>
    private const int CustomIdLengthMax = 512;

    /// <param name="body">The member that bears the request: <c>body</c> or <c>params</c>.</param>
    /// <param name="hasUrl">Whether it must say whose request it is.</param>
    /// <returns>Null: it was read. A member that is there twice is refused: the provider might take the other one.</returns>
    public static GatewayRefusal? Read(ReadOnlySpan<byte> json, ReadOnlySpan<byte> body, bool hasUrl, out BatchLine line)
    {
        line = default;
        string? customId = null, url = null, method = null;
        Range? request = null;
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 130 });
            if (!reader.Read() || reader.TokenType is not JsonTokenType.StartObject) return Malformed("is not a JSON object");
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                if (reader.ValueIsEscaped) return Malformed("has a member whose name is written with escapes");

                // Some providers do not tell capitals from small letters in names, and take the last.
                if (!names.Add(reader.GetString()!)) return Malformed("has a member twice");
                var again = reader.ValueTextEquals("custom_id"u8) ? ReadText(ref reader, ref customId)
                    : hasUrl && reader.ValueTextEquals("url"u8) ? ReadText(ref reader, ref url)
                    : hasUrl && reader.ValueTextEquals("method"u8) ? ReadText(ref reader, ref method)
                    : reader.ValueTextEquals(body) ? ReadRequest(ref reader, ref request)
                    : Skip(ref reader);
                if (again) return Malformed("has a member twice, or one of the wrong form");
            }

            while (reader.Read()) { }
        }
        catch (Exception error) when (JsonMember.IsUnreadable(error))
        {
            return Malformed("is not valid JSON");
        }

        if (customId is null or { Length: 0 or > CustomIdLengthMax }) return Malformed($"needs a custom_id of 1 to {CustomIdLengthMax} characters");
        if (request is not { } at) return Malformed($"needs '{Encoding.UTF8.GetString(body)}', an object");
        if (hasUrl && url is null) return Malformed("needs a url");
        if (method is not (null or "POST")) return Malformed("has another method than POST");
        line = new(customId, url, at);
        return null;
    }

    /// <summary>A custom id in the form of names: itself, or a hash of it where it has none.</summary>
    /// <param name="lengthMax">How long it may be.</param>
    public static string Label(string customId, int lengthMax) =>
        customId.Length <= lengthMax && Names.IsValid(customId) ? customId : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(customId)).AsSpan(0, 16))}";

    /// <returns>True: it was there before, or is no text.</returns>
    private static bool ReadText(ref Utf8JsonReader reader, ref string? text)
    {
        reader.Read();
        if (text is not null || reader.TokenType is not JsonTokenType.String) return true;
        text = reader.GetString();
        return false;
    }

    private static bool ReadRequest(ref Utf8JsonReader reader, ref Range? at)
    {
        reader.Read();
        if (at is not null || reader.TokenType is not JsonTokenType.StartObject) return true;
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        at = start..(int)reader.BytesConsumed;
        return false;
    }

    private static bool Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
        return false;
    }

    private static GatewayRefusal Malformed(string what) => new(ApiError.BodyMalformed, $"It {what}.");
}
