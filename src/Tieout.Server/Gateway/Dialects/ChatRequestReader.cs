using System.Text.Json;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Reads a chat request in one pass over its bytes, without making objects of it.</summary>
/// <remarks>Strict where a second reading could differ from ours: what we hold money for must be what the provider does.</remarks>
internal ref struct ChatRequestReader
{
    private const int DepthMax = 128;
    private const int MembersMax = 100;
    private const int ChoicesMax = 128;
    private const int ModelLengthMax = 256;
    private const int UserLengthMax = 4096;
    private const long TokensMax = 1_000_000_000;

    private readonly ReadOnlySpan<byte> _body;
    private Utf8JsonReader _json;
    private string? _model, _user;
    private Range _modelAt;
    private Range? _streamOptionsAt, _includeUsageAt;
    private bool _stream, _usageAsked, _streamOptionsEmpty, _hasMessages;
    private long? _tokensMax, _completionTokensMax;
    private int _choices = 1, _images, _files, _end;
    private long _textBytes;

    private ChatRequestReader(ReadOnlySpan<byte> body)
    {
        _body = body;
        _json = new(body, new JsonReaderOptions { MaxDepth = DepthMax });
    }

    /// <returns>Null: it was read.</returns>
    public static GatewayRefusal? Read(ReadOnlySpan<byte> body, out ChatRequest? request)
    {
        request = null;
        var reader = new ChatRequestReader(body);
        try
        {
            if (reader.ReadMembers() is { } refused) return refused;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not UTF-8.
            return new(ApiError.BodyMalformed, "The body is not valid JSON.");
        }

        request = reader.ToRequest();
        return null;
    }

    private GatewayRefusal? ReadMembers()
    {
        if (!_json.Read() || _json.TokenType is not JsonTokenType.StartObject) return Malformed("The body must be a JSON object.");
        Span<Range> names = stackalloc Range[MembersMax];
        var count = 0;
        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            if (_json.ValueIsEscaped) return Malformed("The name of a member is written with escapes.");
            var name = _json.ValueSpan;
            for (var i = 0; i < count; i++)
            {
                if (_body[names[i]].SequenceEqual(name)) return Malformed("A member of the body is given twice.");
            }

            if (count == MembersMax) return Malformed($"The body has more than {MembersMax} members.");
            var start = (int)_json.TokenStartIndex + 1;
            names[count++] = start..(start + name.Length);
            if (ReadMember() is { } refused) return refused;
        }

        _end = (int)_json.TokenStartIndex;

        // To the end: text behind the object is an error.
        while (_json.Read()) { }
        if (_model is null) return new(ApiError.ParameterInvalid, "You must provide a model parameter.", "model");
        return _hasMessages ? null : new(ApiError.ParameterInvalid, "Missing required parameter: 'messages'.", "messages");
    }

    private GatewayRefusal? ReadMember()
    {
        if (_json.ValueTextEquals("model"u8)) return ReadModel();
        if (_json.ValueTextEquals("messages"u8)) return ReadMessages();
        if (_json.ValueTextEquals("stream"u8)) return ReadFlag("stream", out _stream);
        if (_json.ValueTextEquals("stream_options"u8)) return ReadStreamOptions();
        if (_json.ValueTextEquals("max_tokens"u8)) return ReadCount("max_tokens", TokensMax, out _tokensMax);
        if (_json.ValueTextEquals("max_completion_tokens"u8)) return ReadCount("max_completion_tokens", TokensMax, out _completionTokensMax);
        if (_json.ValueTextEquals("n"u8))
        {
            var refused = ReadCount("n", ChoicesMax, out var choices);
            _choices = (int)(choices ?? 1);
            return refused;
        }

        if (_json.ValueTextEquals("user"u8)) return ReadUser();
        _json.Read();
        _json.Skip();
        return null;
    }

    private GatewayRefusal? ReadModel()
    {
        _json.Read();
        if (_json.TokenType is not JsonTokenType.String || _json.ValueSpan.Length is 0 or > ModelLengthMax) return Invalid("model", $"a string of 1 to {ModelLengthMax} characters");
        _model = _json.GetString();
        _modelAt = TokenAt();
        return null;
    }

    private GatewayRefusal? ReadUser()
    {
        _json.Read();
        if (_json.TokenType is JsonTokenType.Null) return null;
        if (_json.TokenType is not JsonTokenType.String || _json.ValueSpan.Length > UserLengthMax) return Invalid("user", $"a string of at most {UserLengthMax} characters");
        _user = _json.GetString();
        return null;
    }

    /// <summary>Text is what stands under <c>content</c> or <c>text</c>; images and files are counted, because their tokens are not in the bytes.</summary>
    private GatewayRefusal? ReadMessages()
    {
        _json.Read();
        if (_json.TokenType is not JsonTokenType.StartArray) return Invalid("messages", "an array");
        _hasMessages = true;
        var depth = _json.CurrentDepth;
        var isText = false;
        while (_json.Read() && _json.CurrentDepth > depth)
        {
            if (_json.TokenType is JsonTokenType.PropertyName)
            {
                isText = _json.ValueTextEquals("content"u8) || _json.ValueTextEquals("text"u8);
                if (_json.ValueTextEquals("image_url"u8)) _images++;
                else if (_json.ValueTextEquals("file"u8)) _files++;
            }
            else if (isText && _json.TokenType is JsonTokenType.String)
            {
                _textBytes += _json.ValueSpan.Length;
            }
        }

        return null;
    }

    private GatewayRefusal? ReadStreamOptions()
    {
        _json.Read();
        var start = (int)_json.TokenStartIndex;
        _streamOptionsEmpty = true;
        if (_json.TokenType is JsonTokenType.Null)
        {
            _streamOptionsAt = TokenAt();
            return null;
        }

        if (_json.TokenType is not JsonTokenType.StartObject) return Invalid("stream_options", "an object");
        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            _streamOptionsEmpty = false;
            if (_json.ValueIsEscaped) return Malformed("The name of a member is written with escapes.");
            if (!_json.ValueTextEquals("include_usage"u8))
            {
                _json.Read();
                _json.Skip();
                continue;
            }

            if (_includeUsageAt is not null) return Malformed("A member of the body is given twice.");
            if (ReadFlag("stream_options.include_usage", out _usageAsked) is { } refused) return refused;
            _includeUsageAt = TokenAt();
        }

        _streamOptionsAt = start..(int)_json.BytesConsumed;
        return null;
    }

    private GatewayRefusal? ReadFlag(string name, out bool flag)
    {
        _json.Read();
        flag = _json.TokenType is JsonTokenType.True;
        return _json.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null ? null : Invalid(name, "true or false");
    }

    private GatewayRefusal? ReadCount(string name, long max, out long? count)
    {
        count = null;
        _json.Read();
        if (_json.TokenType is JsonTokenType.Null) return null;
        if (_json.TokenType is not JsonTokenType.Number || !_json.TryGetInt64(out var number) || number < 1 || number > max) return Invalid(name, $"a whole number from 1 to {max}");
        count = number;
        return null;
    }

    private readonly Range TokenAt() => (int)_json.TokenStartIndex..(int)_json.BytesConsumed;

    private static GatewayRefusal Malformed(string message) => new(ApiError.BodyMalformed, message);

    private static GatewayRefusal Invalid(string name, string wanted) => new(ApiError.ParameterInvalid, $"'{name}' must be {wanted}.", name);

    private readonly ChatRequest ToRequest() => new()
    {
        Model = _model!,
        ModelAt = _modelAt,
        Stream = _stream,
        UsageAsked = _usageAsked,
        StreamOptionsAt = _streamOptionsAt,
        IncludeUsageAt = _includeUsageAt,
        StreamOptionsEmpty = _streamOptionsEmpty,
        End = _end,
        OutputTokensMax = (_tokensMax, _completionTokensMax) switch
        {
            // Which of the two a provider heeds is its choice; money is held for the larger.
            ({ } tokens, { } completion) => Math.Max(tokens, completion),
            var (tokens, completion) => tokens ?? completion,
        },
        Choices = _choices,
        TextBytes = _textBytes,
        Images = _images,
        Files = _files,
        User = _user,
        Bytes = _body.Length,
    };
}
