using System.Text.Json;

namespace Tieout.Core.Spike.Truncation;

/// <summary>Where the messages of a request are in its body.</summary>
/// <param name="Result">Why there is nothing to cut; null: there is a list.</param>
internal readonly record struct ContextList(ContextCutResult? Result, List<Range> Elements)
{
    /// <exception cref="JsonException">The body is not JSON.</exception>
    public static ContextList Find(ReadOnlySpan<byte> body, ContextDialect dialect)
    {
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = ContextTruncation.DepthMax });
        if (!json.Read() || json.TokenType is not JsonTokenType.StartObject) return new(ContextCutResult.Unreadable, []);
        List<Range>? elements = null;
        var isElsewhere = false;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            var isList = dialect is ContextDialect.OpenAiResponses ? json.ValueTextEquals("input"u8) : json.ValueTextEquals("messages"u8);
            var continues = dialect is ContextDialect.OpenAiResponses
                && (json.ValueTextEquals("previous_response_id"u8) || json.ValueTextEquals("conversation"u8));
            json.Read();
            isElsewhere |= continues && json.TokenType is not JsonTokenType.Null;
            if (!isList || json.TokenType is not JsonTokenType.StartArray)
            {
                json.Skip();
                continue;
            }

            if (elements is not null) return new(ContextCutResult.Unreadable, []);
            elements = ReadElements(ref json);
        }

        return isElsewhere || elements is null ? new(ContextCutResult.NoList, []) : new(null, elements);
    }

    private static List<Range> ReadElements(ref Utf8JsonReader json)
    {
        var elements = new List<Range>();
        while (json.Read() && json.TokenType is not JsonTokenType.EndArray)
        {
            var start = (int)json.TokenStartIndex;
            json.Skip();
            elements.Add(start..(int)json.BytesConsumed);
        }

        return elements;
    }
}
