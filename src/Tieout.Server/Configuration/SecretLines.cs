namespace Tieout.Server.Configuration;

/// <summary>A secret's text: the secret in force on the first line, and on the second the one before it, which is valid until its line is removed.</summary>
internal static class SecretLines
{
    /// <summary>One to issue and one to go: more would be secrets that nobody remembers to end.</summary>
    private const int LinesMax = 2;

    /// <returns>At least one, the secret in force first.</returns>
    /// <param name="name">What messages call the text; the text itself is never repeated.</param>
    /// <exception cref="ConfigurationException">It is empty, or has more lines than two.</exception>
    public static IReadOnlyList<string> Parse(string text, string name)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return lines.Length is > 0 and <= LinesMax
            ? lines
            : throw new ConfigurationException(
                $"{name}: a secret has one line, or two while it is rotated: the new one first, the old one second. This has {lines.Length}.");
    }
}
