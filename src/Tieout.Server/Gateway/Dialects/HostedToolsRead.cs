using System.Collections.Immutable;
using System.Text.Json;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Counts the tools of a request that the provider runs itself. Each call has a price, and its results become input.</summary>
internal struct HostedToolsRead
{
    /// <summary>The most calls that a request may allow.</summary>
    public const long CallsMax = 10_000;

    /// <summary>Calls of one tool to hold money for where the request sets no limit. More calls are an overrun and a finding.</summary>
    private const int CallsDefault = 10;

    /// <summary>Google's tools, by their member.</summary>
    private static readonly ImmutableArray<string> Members =
        ["googleSearch", "google_search", "googleSearchRetrieval", "google_search_retrieval", "urlContext", "url_context", "codeExecution", "code_execution"];

    /// <summary>OpenAI's and Anthropic's tools, by the prefix of their type.</summary>
    private static readonly byte[][] Types =
    [
        "web_search"u8.ToArray(), "web_fetch"u8.ToArray(), "file_search"u8.ToArray(), "code_interpreter"u8.ToArray(), "code_execution"u8.ToArray(),
        "image_generation"u8.ToArray(), "mcp"u8.ToArray(), "advisor"u8.ToArray(),
    ];

    private int _uses;

    public int Count { get; private set; }

    /// <summary>Calls to hold money for.</summary>
    /// <param name="asked">The request's own limit for all of them; null: none.</param>
    public readonly int Calls(long? asked) => Count == 0 ? 0 : (int)(asked ?? (_uses > 0 ? _uses : Count * CallsDefault));

    /// <summary>Reads the member's value. An unknown tool is not refused: the provider decides about it.</summary>
    public GatewayRefusal? Read(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType is not JsonTokenType.StartArray)
        {
            json.Skip();
            return null;
        }

        var depth = json.CurrentDepth;
        bool isType = false, isUses = false;
        while (json.Read() && json.CurrentDepth > depth)
        {
            if (json.TokenType is JsonTokenType.PropertyName)
            {
                var ofTool = json.CurrentDepth == depth + 2;
                isType = ofTool && json.ValueTextEquals("type"u8);
                isUses = ofTool && json.ValueTextEquals("max_uses"u8);
                if (ofTool && RequestValue.IsOneOf(json, Members)) Count++;
            }
            else if (isType && json.TokenType is JsonTokenType.String)
            {
                // A type written with escapes counts as a tool that the provider runs.
                if (json.ValueIsEscaped || IsHosted(json.ValueSpan)) Count++;
            }
            else if (isUses && json.TokenType is JsonTokenType.Number && json.TryGetInt32(out var uses) && uses is > 0 and < (int)CallsMax)
            {
                _uses += uses;
            }
        }

        return null;
    }

    private static bool IsHosted(ReadOnlySpan<byte> type)
    {
        foreach (var hosted in Types)
        {
            if (type.StartsWith(hosted)) return true;
        }

        return false;
    }
}
