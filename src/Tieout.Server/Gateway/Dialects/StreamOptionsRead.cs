using System.Text.Json;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Reads <c>stream_options</c>: whether the client asks for usage at the stream's end. The gateway always asks, and so needs the positions.</summary>
internal struct StreamOptionsRead
{
    /// <summary>Position of the value in the body; null: there is no such member.</summary>
    public Range? At { get; private set; }

    public Range? IncludeUsageAt { get; private set; }

    /// <summary>The value is null or has no members.</summary>
    public bool IsEmpty { get; private set; }

    public bool UsageAsked { get; private set; }

    public GatewayRefusal? Read(ref Utf8JsonReader json)
    {
        json.Read();
        var start = (int)json.TokenStartIndex;
        IsEmpty = true;
        if (json.TokenType is JsonTokenType.Null)
        {
            At = RequestValue.At(json);
            return null;
        }

        if (json.TokenType is not JsonTokenType.StartObject) return RequestValue.Invalid("stream_options", "an object");
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            IsEmpty = false;
            if (json.ValueIsEscaped) return RequestValue.Malformed("The name of a member is written with escapes.");
            if (!json.ValueTextEquals("include_usage"u8))
            {
                json.Read();
                json.Skip();
                continue;
            }

            if (IncludeUsageAt is not null) return RequestValue.Malformed("A member of the body is given twice.");
            if (RequestValue.Flag(ref json, "stream_options.include_usage", out var asked) is { } refused) return refused;
            (UsageAsked, IncludeUsageAt) = (asked, RequestValue.At(json));
        }

        At = start..(int)json.BytesConsumed;
        return null;
    }
}
