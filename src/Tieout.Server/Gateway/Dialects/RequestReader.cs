using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Reads a request in one pass over its bytes, without making objects of it.</summary>
/// <remarks>Strict where a second reading could differ from ours: what we hold money for must be what the provider does.</remarks>
internal ref struct RequestReader
{
    private const int DepthMax = 128;
    private const int MembersMax = 100;
    private const int ChoicesMax = 128;
    private const int ModelLengthMax = 256;
    private const int UserLengthMax = 4096;
    private const long TokensMax = 1_000_000_000;

    private const long ToolCallsMax = 10_000;

    /// <summary>Calls of one hosted tool to hold money for, where the request sets no limit. More is an overrun, and a finding.</summary>
    private const int ToolCallsDefault = 10;

    /// <summary>Members that bear an image, whatever its dialect. Anthropic's documents are counted by their type beside.</summary>
    private static readonly ImmutableArray<string> Pictures = ["image_url", "source", "inlineData", "inline_data"];

    /// <summary>Members that lead to a file.</summary>
    private static readonly ImmutableArray<string> Files = ["file", "file_id", "file_url", "fileData", "file_data"];

    /// <summary>Tools that Google runs, by the member that asks for them.</summary>
    private static readonly ImmutableArray<string> HostedTools =
        ["googleSearch", "google_search", "googleSearchRetrieval", "google_search_retrieval", "urlContext", "url_context", "codeExecution", "code_execution"];

    /// <summary>Tools that OpenAI and Anthropic run, by how their type begins.</summary>
    private static readonly byte[][] HostedTypes =
    [
        "web_search"u8.ToArray(), "web_fetch"u8.ToArray(), "file_search"u8.ToArray(), "code_interpreter"u8.ToArray(), "code_execution"u8.ToArray(),
        "image_generation"u8.ToArray(), "mcp"u8.ToArray(), "advisor"u8.ToArray(),
    ];

    private readonly ReadOnlySpan<byte> _body;
    private readonly RequestShape _shape;
    private readonly List<Range> _outputMaxAt = [];
    private Utf8JsonReader _json;
    private string? _model, _user;
    private Range? _modelAt, _streamOptionsAt, _includeUsageAt;
    private bool _stream, _background, _usageAsked, _streamOptionsEmpty, _hasPrompt, _insideEmpty;
    private long? _outputMax, _toolCallsMax;
    private int? _insideAt;
    private int _choices = 1, _images, _files, _hostedTools, _toolUses, _end;
    private long _textBytes, _textCharacters;
    private JsonTokenType _textIn;

    private RequestReader(ReadOnlySpan<byte> body, RequestShape shape)
    {
        _body = body;
        _shape = shape;
        _json = new(body, new JsonReaderOptions { MaxDepth = DepthMax });
    }

    /// <param name="model">From the address; null: the body has it.</param>
    /// <returns>Null: it was read.</returns>
    public static GatewayRefusal? Read(ReadOnlySpan<byte> body, RequestShape shape, out GatewayRequest? request, string? model = null)
    {
        request = null;

        // A reader that leaves out what is no UTF-8 would see other names than we do.
        if (!Utf8.IsValid(body)) return Malformed("The body is not valid UTF-8.");
        var reader = new RequestReader(body, shape);
        try
        {
            if (reader.ReadMembers() is { } refused) return refused;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not UTF-8.
            return new(ApiError.BodyMalformed, "The body is not valid JSON.");
        }

        if ((model ?? reader._model ?? shape.ModelDefault) is not { } wanted) return new(ApiError.ParameterInvalid, "You must provide a model parameter.", "model");
        if (shape.Prompt is { } prompt && !reader._hasPrompt) return new(ApiError.ParameterInvalid, $"Missing required parameter: '{prompt}'.", prompt);
        request = reader.ToRequest(wanted);
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
                // Some providers do not tell capitals from small letters in names, and take the last.
                if (Ascii.EqualsIgnoreCase(_body[names[i]], name)) return Malformed("A member of the body is given twice.");
            }

            if (count == MembersMax) return Malformed($"The body has more than {MembersMax} members.");
            var start = (int)_json.TokenStartIndex + 1;
            names[count++] = start..(start + name.Length);
            if (ReadMember() is { } refused) return refused;
        }

        _end = (int)_json.TokenStartIndex;

        // To the end: text behind the object is an error.
        while (_json.Read()) { }
        return null;
    }

    private GatewayRefusal? ReadMember()
    {
        if (_shape.HasModel && _json.ValueTextEquals("model"u8)) return ReadModel();
        if (_json.ValueTextEquals("stream"u8)) return ReadFlag("stream", out _stream);
        if (_json.ValueTextEquals("background"u8)) return ReadFlag("background", out _background);
        if (_json.ValueTextEquals("user"u8)) return ReadUser();
        if (_shape.UserInside is { } inside && _json.ValueTextEquals(inside)) return ReadUserInside();
        if (_json.ValueTextEquals("tools"u8)) return ReadTools();
        if (_json.ValueTextEquals("max_tool_calls"u8)) return ReadCount("max_tool_calls", ToolCallsMax, out _toolCallsMax);
        if (_shape.AsksForUsage && _json.ValueTextEquals("stream_options"u8)) return ReadStreamOptions();
        if (_shape.Prompt is { } prompt && _json.ValueTextEquals(prompt)) return ReadPrompt(prompt);
        if (_shape.Inside.IsEmpty && ReadLimit() is { } limit) return limit.Refused;
        if (IsOneOf(_shape.Inside)) return ReadInside();
        if (IsOneOf(_shape.MoreText)) return ReadText();
        var elsewhere = IsOneOf(_shape.Elsewhere);
        _json.Read();
        if (elsewhere && _json.TokenType is not JsonTokenType.Null) _files++;
        _json.Skip();
        return null;
    }

    /// <summary>A member that bounds the answers: how long each may be, and how many.</summary>
    /// <returns>Null: it is none.</returns>
    private (GatewayRefusal? Refused, bool Read)? ReadLimit()
    {
        foreach (var name in _shape.OutputMax)
        {
            if (!_json.ValueTextEquals(name)) continue;
            var refused = ReadCount(name, TokensMax, out var max);
            if (max is null) return (refused, true);

            // Which of two a provider heeds is its choice; money is held for the larger.
            _outputMax = Math.Max(_outputMax ?? 0, max.Value);
            _outputMaxAt.Add(TokenAt());
            return (refused, true);
        }

        var choices = _shape.Choices is { } one && _json.ValueTextEquals(one) ? one : _shape.ChoicesToo is { } other && _json.ValueTextEquals(other) ? other : null;
        if (choices is null) return null;
        var wrong = ReadCount(choices, ChoicesMax, out var count);
        _choices = Math.Max(_choices, (int)(count ?? 1));
        return (wrong, true);
    }

    private GatewayRefusal? ReadInside()
    {
        var name = _json.GetString()!;
        _json.Read();
        if (_json.TokenType is JsonTokenType.Null) return null;
        if (_json.TokenType is not JsonTokenType.StartObject) return Invalid(name, "an object");
        _insideAt = (int)_json.BytesConsumed;
        _insideEmpty = true;
        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            _insideEmpty = false;
            if (_json.ValueIsEscaped) return Malformed("The name of a member is written with escapes.");
            if (ReadLimit() is { } limit)
            {
                if (limit.Refused is { } refused) return refused;
                continue;
            }

            _json.Read();
            _json.Skip();
        }

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

    private GatewayRefusal? ReadUserInside()
    {
        _json.Read();
        if (_json.TokenType is not JsonTokenType.StartObject)
        {
            _json.Skip();
            return null;
        }

        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("user_id"u8))
            {
                if (ReadUser() is { } refused) return refused;
                continue;
            }

            _json.Read();
            _json.Skip();
        }

        return null;
    }

    private GatewayRefusal? ReadPrompt(string name)
    {
        _hasPrompt = true;
        var isArray = _shape.PromptIsArray;
        var refused = ReadText();
        return isArray && _textIn is not JsonTokenType.StartArray ? Invalid(name, "an array") : refused;
    }

    /// <summary>Text is a string by itself or what stands under <c>content</c> or <c>text</c>; images and files are counted, because their tokens are not in the bytes.</summary>
    private GatewayRefusal? ReadText()
    {
        _json.Read();
        _textIn = _json.TokenType;
        if (_json.TokenType is JsonTokenType.String) AddText();
        if (_json.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject)) return null;
        var depth = _json.CurrentDepth;
        bool isText = true, isType = false;
        while (_json.Read() && _json.CurrentDepth > depth)
        {
            if (_json.TokenType is JsonTokenType.PropertyName)
            {
                isText = _json.ValueTextEquals("content"u8) || _json.ValueTextEquals("text"u8);
                isType = _json.ValueTextEquals("type"u8);
                if (IsOneOf(Pictures)) _images++;
                else if (IsOneOf(Files)) _files++;
            }
            else if (_json.TokenType is JsonTokenType.String)
            {
                if (isText) AddText();
                else if (isType && _json.ValueTextEquals("document"u8)) _files++;
            }
        }

        return null;
    }

    private void AddText()
    {
        _textBytes += _json.ValueSpan.Length;
        if (_shape.CountsCharacters) _textCharacters += _json.GetString()!.EnumerateRunes().Count();
    }

    /// <summary>Tools that the provider runs itself cost by the piece, and what they find comes back as input.</summary>
    private GatewayRefusal? ReadTools()
    {
        _json.Read();
        if (_json.TokenType is not JsonTokenType.StartArray)
        {
            _json.Skip();
            return null;
        }

        var depth = _json.CurrentDepth;
        bool isType = false, isUses = false;
        while (_json.Read() && _json.CurrentDepth > depth)
        {
            if (_json.TokenType is JsonTokenType.PropertyName)
            {
                var ofTool = _json.CurrentDepth == depth + 2;
                isType = ofTool && _json.ValueTextEquals("type"u8);
                isUses = ofTool && _json.ValueTextEquals("max_uses"u8);
                if (ofTool && IsOneOf(HostedTools)) _hostedTools++;
            }
            else if (isType && _json.TokenType is JsonTokenType.String)
            {
                // One written with escapes is counted as the worst it can be.
                if (_json.ValueIsEscaped || IsHosted(_json.ValueSpan)) _hostedTools++;
            }
            else if (isUses && _json.TokenType is JsonTokenType.Number && _json.TryGetInt32(out var uses) && uses is > 0 and < (int)ToolCallsMax)
            {
                _toolUses += uses;
            }
        }

        return null;
    }

    private static bool IsHosted(ReadOnlySpan<byte> type)
    {
        foreach (var hosted in HostedTypes)
        {
            if (type.StartsWith(hosted)) return true;
        }

        return false;
    }

    private readonly bool IsOneOf(ImmutableArray<string> names)
    {
        foreach (var name in names)
        {
            if (_json.ValueTextEquals(name)) return true;
        }

        return false;
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

    private readonly OutputLimit? Limit()
    {
        if (_outputMaxAt.Count > 0) return new([.. _outputMaxAt]);
        if (_shape.OutputMax.IsEmpty) return null;
        var name = _shape.OutputMax[0];
        if (_shape.Inside.IsEmpty) return new([_end.._end], $",\"{name}\":");
        return _insideAt is { } inside
            ? new([inside..inside], $"\"{name}\":", _insideEmpty ? "" : ",")
            : new([_end.._end], $",\"{_shape.Inside[0]}\":{{\"{name}\":", "}");
    }

    private readonly GatewayRequest ToRequest(string model) => new()
    {
        Model = model,
        ModelAt = _modelAt,
        Stream = _stream,
        Background = _background,
        UsageAsked = _usageAsked || !_shape.AsksForUsage,
        StreamOptionsAt = _streamOptionsAt,
        IncludeUsageAt = _includeUsageAt,
        StreamOptionsEmpty = _streamOptionsEmpty,
        End = _end,
        OutputTokensMax = _outputMax,
        Limit = Limit(),
        Choices = _choices,
        TextBytes = _textBytes,
        TextCharacters = _textCharacters,
        Images = _images,
        Files = _files + (_hostedTools > 0 ? 1 : 0),
        ToolCalls = _hostedTools == 0 ? 0 : (int)(_toolCallsMax ?? (_toolUses > 0 ? _toolUses : _hostedTools * ToolCallsDefault)),
        HasOutput = _shape.HasOutput,
        Pieces = _shape.AnswersArePieces ? _choices : 1,
        User = _user,
        Bytes = _body.Length,
    };
}
