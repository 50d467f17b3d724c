using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Reads a request in one pass over its bytes, without objects.</summary>
/// <remarks>Strict where the provider could read the body differently: the gateway must hold money for what the provider does.</remarks>
internal ref struct RequestReader
{
    private const int DepthMax = 128;
    private const int MembersMax = 100;
    private const int ChoicesMax = 128;
    private const int ModelLengthMax = 256;
    private const int UserLengthMax = 4096;
    private const long TokensMax = 1_000_000_000;

    private readonly ReadOnlySpan<byte> _body;
    private readonly RequestShape _shape;
    private readonly List<Range> _outputMaxAt = [];
    private Utf8JsonReader _json;
    private string? _model, _user;
    private Range? _modelAt;
    private StreamOptionsRead _streamOptions;
    private HostedToolsRead _tools;
    private PromptRead _prompt;
    private bool _stream, _background, _hasPrompt, _insideEmpty;
    private long? _outputMax, _toolCallsMax;
    private long _thinking;
    private int? _insideAt;
    private int _choices = 1, _elsewhere, _end;

    private RequestReader(ReadOnlySpan<byte> body, RequestShape shape)
    {
        _body = body;
        _shape = shape;
        _prompt = new(shape.CountsCharacters);
        _json = new(body, new JsonReaderOptions { MaxDepth = DepthMax });
    }

    /// <param name="model">Model in the address; null: the body has it.</param>
    /// <returns>Null: the body is valid.</returns>
    public static GatewayRefusal? Read(ReadOnlySpan<byte> body, RequestShape shape, out GatewayRequest? request, string? model = null)
    {
        request = null;

        // A provider that skips invalid UTF-8 would see other names than this reader.
        if (!Utf8.IsValid(body)) return RequestValue.Malformed("The body is not valid UTF-8.");
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

        if ((model ?? reader._model ?? shape.ModelDefault) is not { } wanted)
        {
            return new(ApiError.ParameterInvalid, "You must provide a model parameter.", "model");
        }

        if (shape.Prompt is { } prompt && !reader._hasPrompt) return new(ApiError.ParameterInvalid, $"Missing required parameter: '{prompt}'.", prompt);
        request = reader.ToRequest(wanted);
        return null;
    }

    private GatewayRefusal? ReadMembers()
    {
        if (!_json.Read() || _json.TokenType is not JsonTokenType.StartObject) return RequestValue.Malformed("The body must be a JSON object.");
        Span<Range> names = stackalloc Range[MembersMax];
        var count = 0;
        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            if (_json.ValueIsEscaped) return RequestValue.Malformed("The name of a member is written with escapes.");
            var name = _json.ValueSpan;
            for (var i = 0; i < count; i++)
            {
                // Some providers compare names without regard to case, and use the last.
                if (Ascii.EqualsIgnoreCase(_body[names[i]], name)) return RequestValue.Malformed("A member of the body is given twice.");
            }

            if (count == MembersMax) return RequestValue.Malformed($"The body has more than {MembersMax} members.");
            var start = (int)_json.TokenStartIndex + 1;
            names[count++] = start..(start + name.Length);
            if (ReadMember() is { } refused) return refused;
        }

        _end = (int)_json.TokenStartIndex;

        // Text after the object is an error.
        while (_json.Read()) { }
        return null;
    }

    private GatewayRefusal? ReadMember()
    {
        if (_shape.HasModel && _json.ValueTextEquals("model"u8)) return ReadModel();
        if (_json.ValueTextEquals("stream"u8)) return RequestValue.Flag(ref _json, "stream", out _stream);
        if (_json.ValueTextEquals("background"u8)) return RequestValue.Flag(ref _json, "background", out _background);
        if (_json.ValueTextEquals("user"u8)) return ReadUser();
        if (_shape.UserInside is { } inside && _json.ValueTextEquals(inside)) return ReadUserInside();
        if (_json.ValueTextEquals("thinking"u8)) return ReadThinking();
        if (_json.ValueTextEquals("tools"u8)) return _tools.Read(ref _json);
        if (_json.ValueTextEquals("max_tool_calls"u8)) return RequestValue.Count(ref _json, "max_tool_calls", HostedToolsRead.CallsMax, out _toolCallsMax);
        if (_shape.AsksForUsage && _json.ValueTextEquals("stream_options"u8)) return _streamOptions.Read(ref _json);
        if (_shape.Prompt is { } prompt && _json.ValueTextEquals(prompt)) return ReadPrompt(prompt);
        if (_shape.Inside.IsEmpty && TryReadLimit(out var limitRefused)) return limitRefused;
        if (RequestValue.IsOneOf(_json, _shape.Inside)) return ReadInside();
        if (RequestValue.IsOneOf(_json, _shape.MoreText)) return _prompt.Read(ref _json);
        var elsewhere = RequestValue.IsOneOf(_json, _shape.Elsewhere);
        _json.Read();
        if (elsewhere && _json.TokenType is not JsonTokenType.Null) _elsewhere++;
        _json.Skip();
        return null;
    }

    /// <summary>Reads a member that bounds the answers: how long each may be, or how many there are.</summary>
    /// <param name="refused">Why the value is invalid; null: it is valid.</param>
    /// <returns>False: the member is another one, and is not read.</returns>
    private bool TryReadLimit(out GatewayRefusal? refused)
    {
        refused = null;
        foreach (var name in _shape.OutputMax)
        {
            if (!_json.ValueTextEquals(name)) continue;
            refused = RequestValue.Count(ref _json, name, TokensMax, out var max);
            if (max is null) return true;

            // A provider may obey either of two limits, so money is held for the larger.
            _outputMax = Math.Max(_outputMax ?? 0, max.Value);
            _outputMaxAt.Add(RequestValue.At(_json));
            return true;
        }

        var choices = _shape.Choices is { } one && _json.ValueTextEquals(one)
            ? one : _shape.ChoicesToo is { } other && _json.ValueTextEquals(other) ? other : null;
        if (choices is null) return false;
        refused = RequestValue.Count(ref _json, choices, ChoicesMax, out var count);
        _choices = Math.Max(_choices, (int)(count ?? 1));
        return true;
    }

    private GatewayRefusal? ReadInside()
    {
        var name = _json.GetString()!;
        _json.Read();
        if (_json.TokenType is JsonTokenType.Null) return null;
        if (_json.TokenType is not JsonTokenType.StartObject) return RequestValue.Invalid(name, "an object");
        _insideAt = (int)_json.BytesConsumed;
        _insideEmpty = true;
        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            _insideEmpty = false;
            if (_json.ValueIsEscaped) return RequestValue.Malformed("The name of a member is written with escapes.");
            if (TryReadLimit(out var refused))
            {
                if (refused is not null) return refused;
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
        if (_json.TokenType is not JsonTokenType.String || _json.ValueSpan.Length is 0 or > ModelLengthMax)
        {
            return RequestValue.Invalid("model", $"a string of 1 to {ModelLengthMax} characters");
        }

        _model = _json.GetString();
        _modelAt = RequestValue.At(_json);
        return null;
    }

    private GatewayRefusal? ReadUser()
    {
        _json.Read();
        if (_json.TokenType is JsonTokenType.Null) return null;
        if (_json.TokenType is not JsonTokenType.String || _json.ValueSpan.Length > UserLengthMax)
        {
            return RequestValue.Invalid("user", $"a string of at most {UserLengthMax} characters");
        }

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

    private GatewayRefusal? ReadThinking()
    {
        _json.Read();
        if (_json.TokenType is not JsonTokenType.StartObject)
        {
            _json.Skip();
            return null;
        }

        while (_json.Read() && _json.TokenType is JsonTokenType.PropertyName)
        {
            var isBudget = _json.ValueTextEquals("budget_tokens"u8);
            _json.Read();
            if (!isBudget || _json.TokenType is not JsonTokenType.Number) _json.Skip();
            else if (_json.TryGetInt64(out var tokens)) _thinking = Math.Max(_thinking, Math.Min(tokens, TokensMax));
        }

        return null;
    }

    private GatewayRefusal? ReadPrompt(string name)
    {
        _hasPrompt = true;
        var refused = _prompt.Read(ref _json);
        return _shape.PromptIsArray && _prompt.StartedAs is not JsonTokenType.StartArray ? RequestValue.Invalid(name, "an array") : refused;
    }

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
        UsageAsked = _streamOptions.UsageAsked || !_shape.AsksForUsage,
        StreamOptionsAt = _streamOptions.At,
        IncludeUsageAt = _streamOptions.IncludeUsageAt,
        StreamOptionsEmpty = _streamOptions.IsEmpty,
        End = _end,
        OutputTokensMax = _outputMax,
        ThinkingTokens = _thinking,
        Limit = Limit(),
        Choices = _choices,
        TextBytes = _prompt.TextBytes,
        TextCharacters = _prompt.TextCharacters,
        Images = _prompt.Images,
        Files = _prompt.Files + _elsewhere + (_tools.Count > 0 ? 1 : 0),
        ToolCalls = _tools.Calls(_toolCallsMax),
        HasOutput = _shape.HasOutput,
        Pieces = _shape.AnswersArePieces ? _choices : 1,
        User = _user,
        Bytes = _body.Length,
    };
}
