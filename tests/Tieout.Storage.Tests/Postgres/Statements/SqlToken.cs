using System.Text.RegularExpressions;

namespace Tieout.Storage.Tests.Postgres.Statements;

/// <summary>A word, number, place or sign of a statement. Texts are one token each, comments none.</summary>
/// <param name="Depth">Open parentheses before it.</param>
internal readonly partial record struct SqlToken(string Text, int Depth)
{
    public bool Is(string word) => string.Equals(Text, word, StringComparison.OrdinalIgnoreCase);

    public bool IsName => char.IsLetter(Text[0]) || Text[0] is '_' or '"';

    /// <summary>A place such as <c>$1</c>, or a number: the planner knows the value before it chooses a shard.</summary>
    public bool IsKnown => Text[0] == '$' || char.IsDigit(Text[0]);

    public static List<SqlToken> Of(string sql)
    {
        var tokens = new List<SqlToken>();
        var depth = 0;
        foreach (Match match in Tokens().Matches(sql))
        {
            var text = match.Value;
            if (text.StartsWith("--", StringComparison.Ordinal) || string.IsNullOrWhiteSpace(text)) continue;
            if (text == ")") depth--;
            tokens.Add(new(text, depth));
            if (text == "(") depth++;
        }

        return tokens;
    }

    [GeneratedRegex(@"--[^\n]*|'(?:[^']|'')*'|""[^""]*""|\$\d+|[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?|::|->>|<=|>=|<>|\|\||[^\s]")]
    private static partial Regex Tokens();
}
