using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Tieout.Server.Triage.Packets;

/// <summary>Keeps the ids of other tenants out of a packet: reasons, causes and findings may name them.</summary>
/// <param name="others">Ids of every org but the packet's.</param>
internal sealed partial class OtherTenants(IReadOnlySet<string> others)
{
    /// <summary>Stands in the place of another org's id.</summary>
    public const string Instead = "[another tenant]";

    /// <summary>Whether a text names another org.</summary>
    public bool AreNamedIn(string? text) => text is not null && others.Count > 0 && Hidden(text) != text;

    /// <summary>The text without ids of other orgs.</summary>
    public string Hidden(string text)
    {
        if (others.Count == 0) return text;

        // An id may have punctuation that is also the sentence's, so longer words are tried before their parts.
        foreach (var words in (ReadOnlySpan<Regex>)[Long(), Middle(), Short()])
        {
            text = words.Replace(text, word =>
            {
                var id = word.Value.TrimEnd('.', ':', '/', '-');
                return others.Contains(id) ? Instead + word.Value[id.Length..] : word.Value;
            });
        }

        return text;
    }

    /// <summary>The same for every text within a JSON value; names of members stay.</summary>
    public JsonNode? Hidden(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var (name, value) in members.ToList()) Put(value, hidden => members[name] = hidden);
                return members;
            case JsonArray items:
                for (var i = 0; i < items.Count; i++)
                {
                    var at = i;
                    Put(items[i], hidden => items[at] = hidden);
                }

                return items;
            case JsonValue value when value.TryGetValue<string>(out var text) && AreNamedIn(text):
                return JsonValue.Create(Hidden(text));
            default:
                return node;
        }
    }

    private void Put(JsonNode? value, Action<JsonNode?> put)
    {
        var hidden = Hidden(value);
        if (!ReferenceEquals(hidden, value)) put(hidden);
    }

    [GeneratedRegex(@"[A-Za-z0-9][A-Za-z0-9_.:@/+-]*")]
    private static partial Regex Long();

    [GeneratedRegex(@"[A-Za-z0-9][A-Za-z0-9_.@+-]*")]
    private static partial Regex Middle();

    [GeneratedRegex(@"[A-Za-z0-9][A-Za-z0-9_-]*")]
    private static partial Regex Short();
}
