using System.Text.Json;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Reads what the gateway must know of a request for a batch of OpenAI's.</summary>
internal static class BatchCreation
{
    /// <returns>Null: it was read. A member that is there twice is refused: the provider might take another file than the one that is held for.</returns>
    public static GatewayRefusal? ReadFile(ReadOnlySpan<byte> body, out string fileId)
    {
        fileId = "";
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 64 });
            if (!json.Read() || json.TokenType is not JsonTokenType.StartObject) return new(ApiError.BodyMalformed, "The body must be a JSON object.");
            while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
            {
                var name = json.GetString()!;
                // Some providers do not tell capitals from small letters in names, and take the last.
                if (!names.Add(name)) return new(ApiError.BodyMalformed, "A member of the body is given twice.");
                json.Read();
                if (name == "input_file_id" && json.TokenType is JsonTokenType.String) fileId = json.GetString()!;
                json.Skip();
            }

            while (json.Read()) { }
        }
        catch (Exception error) when (JsonMember.IsUnreadable(error))
        {
            return new(ApiError.BodyMalformed, "The body is not valid JSON.");
        }

        return fileId.Length > 0 ? null : new(ApiError.ParameterInvalid, "You must provide an input_file_id parameter.", "input_file_id");
    }
}
