using System.Collections.Immutable;
using System.Text.Json;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Measures a prompt: text by its bytes; images and files by their number, because bytes do not bound their tokens.</summary>
/// <param name="countsCharacters">Whether prices may be per character.</param>
internal struct PromptRead(bool countsCharacters)
{
    /// <summary>Members with an image, in any dialect. Anthropic's documents are counted by their type as well.</summary>
    private static readonly ImmutableArray<string> PictureMembers = ["image_url", "source", "inlineData", "inline_data"];

    /// <summary>Members that refer to a file.</summary>
    private static readonly ImmutableArray<string> FileMembers = ["file", "file_id", "file_url", "fileData", "file_data"];

    public long TextBytes { get; private set; }

    public long TextCharacters { get; private set; }

    public int Images { get; private set; }

    public int Files { get; private set; }

    /// <summary>First token of the value read last.</summary>
    public JsonTokenType StartedAs { get; private set; }

    /// <summary>Reads a member's value. Text is a plain string, or a string in <c>content</c> or <c>text</c>.</summary>
    public GatewayRefusal? Read(ref Utf8JsonReader json)
    {
        json.Read();
        StartedAs = json.TokenType;
        if (json.TokenType is JsonTokenType.String) AddText(json);
        if (json.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject)) return null;
        var depth = json.CurrentDepth;
        bool isText = true, isType = false;
        while (json.Read() && json.CurrentDepth > depth)
        {
            if (json.TokenType is JsonTokenType.PropertyName)
            {
                isText = json.ValueTextEquals("content"u8) || json.ValueTextEquals("text"u8);
                isType = json.ValueTextEquals("type"u8);
                if (RequestValue.IsOneOf(json, PictureMembers)) Images++;
                else if (RequestValue.IsOneOf(json, FileMembers)) Files++;
            }
            else if (json.TokenType is JsonTokenType.String)
            {
                if (isText) AddText(json);
                else if (isType && json.ValueTextEquals("document"u8)) Files++;
            }
        }

        return null;
    }

    private void AddText(in Utf8JsonReader json)
    {
        TextBytes += json.ValueSpan.Length;
        if (countsCharacters) TextCharacters += json.GetString()!.EnumerateRunes().Count();
    }
}
