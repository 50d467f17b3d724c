using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tieout.Core.Ledger;

/// <summary>Content as audit records show it: bounded, and without what identifies a secret (a hash of a secret proves who has it).</summary>
internal static class AuditContent
{
    /// <summary>Characters. Longer content (price lists) is recorded by its length and hash: the row that was changed has the whole of it.</summary>
    private const int LengthMax = 8 * 1024;

    /// <summary>A member with such an ending is the hash of a secret, wherever it is: in an object, in a list, or in a text that is JSON itself.</summary>
    private static readonly string[] SecretEndings = ["secret_sha256", "previous_sha256"];

    public static string? Shown(string? body)
    {
        if (body is null) return null;
        if (body.Length > LengthMax) return Digest(body);
        JsonNode? content;
        try
        {
            content = JsonNode.Parse(body);
        }
        catch (JsonException)
        {
            return Digest(body);
        }

        return Redact(content) || content is JsonObject ? content!.ToJsonString() : body;
    }

    /// <summary>Takes the hashes of secrets out, at any depth.</summary>
    /// <returns>Whether there were any.</returns>
    private static bool Redact(JsonNode? node)
    {
        var found = false;
        switch (node)
        {
            case JsonObject content:
                foreach (var (name, value) in content.ToList())
                {
                    if (IsSecret(name)) found |= content.Remove(name);
                    else if (Text(value) is { } inner) (content[name], found) = (inner, true);
                    else found |= Redact(value);
                }

                break;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    if (Text(list[i]) is { } inner) (list[i], found) = (inner, true);
                    else found |= Redact(list[i]);
                }

                break;
        }

        return found;
    }

    /// <summary>A text that is JSON itself, as the content of a command inside another, without its hashes; null: it has none, or is no such text.</summary>
    private static string? Text(JsonNode? value) =>
        value is JsonValue && value.GetValueKind() is JsonValueKind.String && value.GetValue<string>() is ['{' or '[', ..] text && Parse(text) is { } inner
            && Redact(inner) ? inner.ToJsonString() : null;

    private static bool IsSecret(string name) => SecretEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    /// <returns>Null: the text is not JSON.</returns>
    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Digest(string body) => Details.Write(json =>
    {
        json.WriteNumber("bytes", Encoding.UTF8.GetByteCount(body));
        json.WriteString("sha256", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body))));
    });
}
