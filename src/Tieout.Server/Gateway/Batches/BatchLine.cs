using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway.Batches;

/// <summary>One request of a batch, as the client wrote it.</summary>
/// <param name="CustomId">The client's id of the line. The result has it, too.</param>
/// <param name="Url">The endpoint of the request; null: the batch has one for all lines.</param>
/// <param name="Body">Position of the request itself.</param>
internal readonly record struct BatchLine(string CustomId, string? Url, Range Body)
{
    /// <summary>The limit of the providers.</summary>
    private const int CustomIdLengthMax = 512;

    /// <param name="body">The member that has the request: <c>body</c> or <c>params</c>.</param>
    /// <param name="hasUrl">Whether the line must have a URL.</param>
    /// <returns>Null: the line is valid. A member given twice is refused: the provider might use the other one.</returns>
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

                // Some providers compare names without regard to case, and use the last.
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

    /// <summary>A valid name for a custom id: the id itself, or its hash.</summary>
    /// <param name="lengthMax">Longest id that is used as it is.</param>
    public static string Label(string customId, int lengthMax) =>
        customId.Length <= lengthMax && Names.IsValid(customId)
            ? customId : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(customId)).AsSpan(0, 16))}";

    /// <returns>True: the member was given before, or its value is no string.</returns>
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
