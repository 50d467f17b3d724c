namespace Tieout.Storage.Verification;

/// <summary>Names each object of a store that is missing, different or not of this program.</summary>
internal static class SchemaDifference
{
    /// <summary>The check that it reports under.</summary>
    public const string Id = "schema";

    /// <param name="expected">Objects as the migrations make them: kind and name, and definition.</param>
    /// <param name="found">Objects as they are.</param>
    public static void Report(IReadOnlyDictionary<string, string> expected, IReadOnlyDictionary<string, string> found, Findings findings)
    {
        foreach (var (name, definition) in expected.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            findings.Check(Id, found.ContainsKey(name), $"{name} is missing: the migrations of this program make it.");
            if (found.TryGetValue(name, out var actual))
            {
                findings.Check(Id, actual == definition, $"{name} is not as the migrations of this program make it: {Shown(actual)}");
            }
        }

        foreach (var (name, definition) in found.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (!expected.ContainsKey(name)) findings.Check(Id, holds: false, $"{name} is not of this program: {Shown(definition)}");
        }
    }

    private static string Shown(string definition)
    {
        var line = string.Join(' ', definition.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= 200 ? line : string.Concat(line.AsSpan(0, 200), "…");
    }
}
