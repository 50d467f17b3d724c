using System.Text.Json;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Reads the file id of a request that creates a batch at OpenAI.</summary>
internal static class BatchCreation
{
    /// <returns>Null: the request is valid. A member given twice is refused: the provider might use another file than the one that money is held for.</returns>
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
                // Some providers compare names without regard to case, and use the last.
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
