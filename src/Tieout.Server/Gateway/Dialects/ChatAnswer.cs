using System.Text.Json;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>What the gateway reads of a chat answer: of a whole one, or of one chunk of a stream.</summary>
internal struct ChatAnswer
{
    /// <summary>Where the last usage block stands; null: there is none, or it is null.</summary>
    public Range? Usage;

    /// <summary>A usage block before the last one that differs from it.</summary>
    public bool UsageDiffers;

    /// <summary>The last member <c>usage</c> with one comma, so that the rest is still JSON without it.</summary>
    public Range? UsageMember;

    /// <summary>Where the provider's name of the model stands, without quotes.</summary>
    public Range? Model;

    public bool HasChoices;

    /// <summary>The answer is an error, whatever its HTTP status says.</summary>
    public bool IsError;

    /// <summary>Choices that are finished by this.</summary>
    public int Finished;

    /// <summary>Where the last reason stands, without quotes; null: there is none.</summary>
    public Range? FinishReason;

    /// <summary>Bytes of what the model wrote: content, reasoning, refusals and arguments of calls.</summary>
    public long TextBytes;

    /// <summary>Reads a JSON object in one pass.</summary>
    /// <returns>False: not a JSON object. What was found before that stands.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ChatAnswer answer)
    {
        answer = default;
        try
        {
            var json = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 256 });
            return answer.Read(ref json, bytes);
        }
        catch (Exception error) when (JsonMember.IsUnreadable(error))
        {
            return false;
        }
    }

    private bool Read(ref Utf8JsonReader json, ReadOnlySpan<byte> bytes)
    {
        if (!json.Read() || json.TokenType is not JsonTokenType.StartObject) return false;
        var previousEnd = (int)json.BytesConsumed;
        var first = true;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            var start = (int)json.TokenStartIndex;
            if (json.ValueTextEquals("usage"u8))
            {
                ReadUsage(ref json, bytes);
                UsageMember = first ? start..AfterComma(bytes, (int)json.BytesConsumed) : previousEnd..(int)json.BytesConsumed;
            }
            else if (json.ValueTextEquals("choices"u8))
            {
                ReadChoices(ref json);
            }
            else if (json.ValueTextEquals("model"u8))
            {
                json.Read();
                if (json.TokenType is JsonTokenType.String && !json.ValueIsEscaped) Model = ((int)json.TokenStartIndex + 1)..((int)json.BytesConsumed - 1);
                json.Skip();
            }
            else
            {
                var isError = json.ValueTextEquals("error"u8);
                json.Read();
                IsError |= isError && (json.TokenType is JsonTokenType.StartObject || (json.TokenType is JsonTokenType.String && !json.ValueSpan.IsEmpty));
                json.Skip();
            }

            previousEnd = (int)json.BytesConsumed;
            first = false;
        }

        return true;
    }

    private void ReadUsage(ref Utf8JsonReader json, ReadOnlySpan<byte> bytes)
    {
        json.Read();
        var start = (int)json.TokenStartIndex;
        var isBlock = json.TokenType is JsonTokenType.StartObject;
        json.Skip();
        if (!isBlock) return;
        var block = start..(int)json.BytesConsumed;
        if (Usage is { } before && !bytes[before].SequenceEqual(bytes[block])) UsageDiffers = true;
        Usage = block;
    }

    private void ReadChoices(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is not JsonTokenType.StartArray)
        {
            json.Skip();
            return;
        }

        var depth = json.CurrentDepth;
        bool isText = false, isFinish = false;
        while (json.Read() && json.CurrentDepth > depth)
        {
            HasChoices = true;
            switch (json.TokenType)
            {
                case JsonTokenType.PropertyName:
                    isFinish = json.CurrentDepth == depth + 2 && json.ValueTextEquals("finish_reason"u8);
                    isText = json.ValueTextEquals("content"u8) || json.ValueTextEquals("text"u8) || json.ValueTextEquals("arguments"u8)
                        || json.ValueTextEquals("reasoning_content"u8)
                        || json.ValueTextEquals("reasoning"u8) || json.ValueTextEquals("refusal"u8);
                    break;
                // Some servers say "" until there is a reason.
                case JsonTokenType.String when isFinish:
                    if (json.ValueSpan.IsEmpty) break;
                    Finished++;
                    FinishReason = ((int)json.TokenStartIndex + 1)..((int)json.BytesConsumed - 1);
                    break;
                case JsonTokenType.String when isText:
                    TextBytes += json.ValueSpan.Length;
                    break;
            }
        }
    }

    /// <summary>Past the comma that follows a first member; where it is also the last there is none.</summary>
    private static int AfterComma(ReadOnlySpan<byte> bytes, int end)
    {
        var rest = bytes[end..];
        var comma = rest.IndexOfAnyExcept(" \t\r\n"u8);
        return comma >= 0 && rest[comma] == (byte)',' ? end + comma + 1 : end;
    }
}
