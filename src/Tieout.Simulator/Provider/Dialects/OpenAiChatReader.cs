using System.Buffers;
using System.Text.Json;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>Reads of a chat request what the simulation needs, in one pass over its bytes.</summary>
internal static class OpenAiChatReader
{
    public static SimulatedRequest Read(in ReadOnlySequence<byte> body)
    {
        var json = new Utf8JsonReader(body);
        json.Read();
        Expect(json.TokenType is JsonTokenType.StartObject, "The body is not a JSON object.", null);

        string? model = null;
        bool stream = false, usageAsked = false;
        int? tokensMax = null, completionTokensMax = null;
        long? textBytes = null;
        var choices = 1;
        IReadOnlyList<string> tools = [];
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("model"u8)) model = ReadString(ref json, "model");
            else if (json.ValueTextEquals("stream"u8)) stream = ReadFlag(ref json, "stream");
            else if (json.ValueTextEquals("stream_options"u8)) usageAsked = ReadUsageAsked(ref json);
            else if (json.ValueTextEquals("max_tokens"u8)) tokensMax = ReadLimit(ref json, "max_tokens");
            else if (json.ValueTextEquals("max_completion_tokens"u8)) completionTokensMax = ReadLimit(ref json, "max_completion_tokens");
            else if (json.ValueTextEquals("messages"u8)) textBytes = ReadTextBytes(ref json);
            else if (json.ValueTextEquals("n"u8)) choices = ReadLimit(ref json, "n") ?? 1;
            else if (json.ValueTextEquals("tools"u8)) tools = ReadTools(ref json);
            else json.Skip();
        }

        // To the end, so that text behind the object is an error here as it is at a provider.
        while (json.Read()) { }
        Expect(model is not null, "you must provide a model parameter", "model");
        Expect(textBytes is not null, "Missing required parameter: 'messages'.", "messages");
        Expect(choices <= SimulatedRequest.ChoicesMax, $"'n' is more than {SimulatedRequest.ChoicesMax}.", "n");
        return new(model!, stream, usageAsked, completionTokensMax ?? tokensMax, textBytes!.Value) { Choices = choices, Tools = tools };
    }

    private static string ReadString(ref Utf8JsonReader json, string name)
    {
        json.Read();
        Expect(json.TokenType is JsonTokenType.String, $"'{name}' is not a string.", name);
        return json.GetString()!;
    }

    private static bool ReadFlag(ref Utf8JsonReader json, string name)
    {
        json.Read();
        Expect(json.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null, $"'{name}' is not a boolean.", name);
        return json.TokenType is JsonTokenType.True;
    }

    private static int? ReadLimit(ref Utf8JsonReader json, string name)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.Null) return null;
        var limit = 0;
        Expect(json.TokenType is JsonTokenType.Number && json.TryGetInt32(out limit) && limit > 0, $"'{name}' is not a positive whole number.", name);
        return limit;
    }

    private static bool ReadUsageAsked(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.Null) return false;
        Expect(json.TokenType is JsonTokenType.StartObject, "'stream_options' is not an object.", "stream_options");
        var asked = false;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("include_usage"u8)) asked = ReadFlag(ref json, "stream_options.include_usage");
            else json.Skip();
        }

        return asked;
    }

    private static IReadOnlyList<string> ReadTools(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is JsonTokenType.Null) return [];
        Expect(json.TokenType is JsonTokenType.StartArray, "'tools' is not an array.", "tools");
        return JsonRequest.ToolNames(JsonElement.ParseValue(ref json), inside: "function");
    }

    /// <summary>Content is a string or a list of parts with <c>text</c>; other strings (roles, names, images) are no text.</summary>
    private static long ReadTextBytes(ref Utf8JsonReader json)
    {
        json.Read();
        Expect(json.TokenType is JsonTokenType.StartArray, "'messages' is not an array.", "messages");
        var (bytes, isText, depth) = (0L, false, json.CurrentDepth);
        while (json.Read() && json.CurrentDepth > depth)
        {
            if (json.TokenType is JsonTokenType.PropertyName) isText = json.ValueTextEquals("content"u8) || json.ValueTextEquals("text"u8);
            else if (json.TokenType is JsonTokenType.String && isText) bytes += json.HasValueSequence ? json.ValueSequence.Length : json.ValueSpan.Length;
        }

        return bytes;
    }

    private static void Expect(bool holds, string message, string? field)
    {
        if (!holds) throw new SimulatedRequestException(message, field);
    }
}
