using System.Text.Json;

namespace Tieout.Core.Spike.Truncation;

/// <summary>What a message is for a cut.</summary>
internal enum ContextPart
{
    /// <summary>Of the system or the developer: goes on, wherever it is.</summary>
    Fixed,

    /// <summary>The user's own words: a turn may begin here.</summary>
    User,

    /// <summary>The model's, or the result of a tool.</summary>
    Other,

    /// <summary>Of a kind whose rules are not known here.</summary>
    Unknown,

    /// <summary>The result of a call that is not open.</summary>
    Orphan,
}

/// <summary>Members of messages.</summary>
internal static class ContextJson
{
    public static string? Text(JsonElement of, string name) =>
        of.ValueKind is JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    /// <summary>The elements of a member that is an array; none where it is null or missing.</summary>
    /// <param name="isArray">False: the member is something else.</param>
    public static JsonElement.ArrayEnumerator Items(JsonElement of, string name, out bool isArray)
    {
        isArray = true;
        if (!of.TryGetProperty(name, out var value) || value.ValueKind is JsonValueKind.Null) return default;
        isArray = value.ValueKind is JsonValueKind.Array;
        return isArray ? value.EnumerateArray() : default;
    }
}
