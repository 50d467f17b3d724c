using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Looks into an answer's bytes without making objects of them. What is not JSON has no members.</summary>
internal static class JsonMember
{
    private static readonly JsonReaderOptions Deep = new() { MaxDepth = 256 };

    /// <summary>Members whose strings are what a model wrote, in any dialect.</summary>
    private static readonly ImmutableArray<string> Written =
        ["text", "content", "thinking", "partial_json", "arguments", "delta", "refusal", "reasoning", "reasoning_content", "transcript", "b64_json"];

    /// <summary>The value of a member of an object as it stands. The last of that name, as most readers take it; empty: none, or null.</summary>
    public static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> found = [];
        try
        {
            var reader = new Utf8JsonReader(json, Deep);
            if (!reader.Read() || reader.TokenType is not JsonTokenType.StartObject) return [];
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                var isWanted = reader.ValueTextEquals(name);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                var isNull = reader.TokenType is JsonTokenType.Null;
                reader.Skip();
                if (isWanted) found = isNull ? [] : json[start..(int)reader.BytesConsumed];
            }
        }
        catch (Exception error) when (IsUnreadable(error))
        {
            return [];
        }

        return found;
    }

    /// <summary>As <see cref="Value"/>; the text of a string without its quotes, and empty for anything else.</summary>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var value = Value(json, name);
        return value is [(byte)'"', .., (byte)'"'] ? value[1..^1] : [];
    }

    /// <summary>As <see cref="Value"/>; only an object.</summary>
    public static ReadOnlySpan<byte> Object(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name) =>
        Value(json, name) is [(byte)'{', ..] block ? block : [];

    /// <summary>Whether it is JSON to its end.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, Deep);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (Exception error) when (IsUnreadable(error))
        {
            return false;
        }
    }

    /// <summary>The text of an object's member, also where the object is no JSON after it. The first of that name; null: there is none.</summary>
    public static string? TextBeforeDamage(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        try
        {
            var reader = new Utf8JsonReader(json, Deep);
            while (reader.Read())
            {
                if (reader.CurrentDepth != 1 || reader.TokenType is not JsonTokenType.PropertyName || !reader.ValueTextEquals(name)) continue;
                return reader.Read() && reader.TokenType is JsonTokenType.String ? reader.GetString() : null;
            }
        }
        catch (Exception error) when (IsUnreadable(error))
        {
            return null;
        }

        return null;
    }

    /// <summary>How many strings stand under a name, at any depth.</summary>
    public static int CountTexts(ReadOnlySpan<byte> json, string name) => (int)Scan(json, [name], countsBytes: false);

    /// <summary>Bytes of what the model wrote. Of what is not JSON, all of it.</summary>
    public static long WrittenBytes(ReadOnlySpan<byte> json) =>
        Scan(json, Written, countsBytes: true) is var bytes and > 0 ? bytes : json is [(byte)'{' or (byte)'[', ..] ? 0 : json.Length;

    /// <summary>Whether a whole answer or an event is an error: it has an object <c>error</c> at the top, or a text.</summary>
    public static bool IsError(ReadOnlySpan<byte> json) => !Object(json, "error"u8).IsEmpty || !Text(json, "error"u8).IsEmpty;

    /// <summary>An object with the members of <paramref name="first"/>, but those of <paramref name="then"/> where it has any that are neither null nor
    /// 0: counts of the whole so far never fall, and what says 0 at the end does not know better.</summary>
    public static byte[] Overlay(ReadOnlySpan<byte> first, ReadOnlySpan<byte> then)
    {
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            Add(first, members);
            Add(then, members);
        }
        catch (Exception error) when (IsUnreadable(error))
        {
            return then.ToArray();
        }

        return Encoding.UTF8.GetBytes(
            $"{{{string.Join(',', members.Select(member => $"{JsonSerializer.Serialize(member.Key, NameJson.Default.String)}:{member.Value}"))}}}");
    }

    /// <summary>Not JSON, or JSON with names or texts that are no Unicode.</summary>
    public static bool IsUnreadable(Exception error) => error is JsonException or InvalidOperationException;

    private static void Add(ReadOnlySpan<byte> json, Dictionary<string, string> members)
    {
        if (json.IsEmpty) return;
        var reader = new Utf8JsonReader(json, Deep);
        using var document = JsonDocument.ParseValue(ref reader);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            var saysNothing = member.Value.ValueKind is JsonValueKind.Null || (members.ContainsKey(member.Name) && member.Value.GetRawText() is "0");
            if (!saysNothing) members[member.Name] = member.Value.GetRawText();
        }
    }

    private static long Scan(ReadOnlySpan<byte> json, ImmutableArray<string> names, bool countsBytes)
    {
        long sum = 0;
        try
        {
            var reader = new Utf8JsonReader(json, Deep);
            var isNamed = false;
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.PropertyName)
                {
                    isNamed = false;
                    foreach (var name in names) isNamed |= reader.ValueTextEquals(name);
                }
                else if (isNamed && reader.TokenType is JsonTokenType.String)
                {
                    sum += countsBytes ? reader.ValueSpan.Length : 1;
                }
            }
        }
        catch (Exception error) when (IsUnreadable(error))
        {
            // Broken off: what came before counts.
        }

        return sum;
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class NameJson : System.Text.Json.Serialization.JsonSerializerContext;
