using System.Text.Json;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Finds the objects that the provider made while it answered. Reads only places that the provider itself writes, never text or arguments of a
/// model.</summary>
internal static class AnswerObjects
{
    private static readonly JsonReaderOptions Deep = new() { MaxDepth = 256 };

    /// <param name="id">As it is in the answer, without quotes.</param>
    public delegate void Found(ReadOnlySpan<byte> id);

    /// <summary>The strings under a name, in the objects of an array and no deeper.</summary>
    public static void InElements(ReadOnlySpan<byte> array, ReadOnlySpan<byte> name, Found found) => Find(array, name, found, depth: 2);

    /// <summary>The strings under a name, at any depth.</summary>
    public static void Anywhere(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name, Found found) => Find(json, name, found, depth: null);

    /// <summary>The objects of an array.</summary>
    public static void Elements(ReadOnlySpan<byte> array, Found found)
    {
        try
        {
            var json = new Utf8JsonReader(array, Deep);
            json.Read();
            while (json.Read() && json.TokenType is JsonTokenType.StartObject)
            {
                var start = (int)json.TokenStartIndex;
                json.Skip();
                found(array[start..(int)json.BytesConsumed]);
            }
        }
        catch (Exception error) when (JsonMember.IsUnreadable(error))
        {
            // The answer is cut off. Objects before that count.
        }
    }

    /// <summary>The <c>id</c> of <c>choices[].message.audio</c>, or of a stream's <c>delta</c>.</summary>
    public static void Audio(ReadOnlySpan<byte> chat, Found found) =>
        Elements(JsonMember.Value(chat, "choices"u8), choice =>
        {
            var message = JsonMember.Object(choice, "message"u8) is { IsEmpty: false } whole ? whole : JsonMember.Object(choice, "delta"u8);
            if (JsonMember.Text(JsonMember.Object(message, "audio"u8), "id"u8) is { IsEmpty: false } id) found(id);
        });

    private static void Find(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> name, Found found, int? depth)
    {
        try
        {
            var json = new Utf8JsonReader(bytes, Deep);
            while (json.Read())
            {
                if (json.TokenType is not JsonTokenType.PropertyName || (depth is { } wanted && json.CurrentDepth != wanted) || !json.ValueTextEquals(name))
                {
                    continue;
                }

                if (json.Read() && json.TokenType is JsonTokenType.String && !json.ValueIsEscaped) found(json.ValueSpan);
            }
        }
        catch (Exception error) when (JsonMember.IsUnreadable(error))
        {
            // The answer is cut off. Objects before that count.
        }
    }
}
