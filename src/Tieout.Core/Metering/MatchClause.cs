using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tieout.Core.Metering;

/// <summary>A condition on a name (of a model, of a provider). Case is ignored everywhere.</summary>
public abstract record MatchClause
{
    private MatchClause() { }

    public abstract bool Matches(string name);

    public sealed record EqualTo(string Text) : MatchClause
    {
        public override bool Matches(string name) => name.Equals(Text, StringComparison.OrdinalIgnoreCase);
    }

    public sealed record StartsWith(string Text) : MatchClause
    {
        public override bool Matches(string name) => name.StartsWith(Text, StringComparison.OrdinalIgnoreCase);
    }

    public sealed record EndsWith(string Text) : MatchClause
    {
        public override bool Matches(string name) => name.EndsWith(Text, StringComparison.OrdinalIgnoreCase);
    }

    public sealed record Contains(string Text) : MatchClause
    {
        public override bool Matches(string name) => name.Contains(Text, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Found anywhere in the name. Runs in linear time whatever the pattern, because names come from clients.</summary>
    public sealed record Pattern : MatchClause
    {
        private readonly Regex _regex;

        /// <exception cref="FormatException">Not a pattern, or one that needs backtracking (look-around, back-references).</exception>
        public Pattern(string text)
        {
            Text = text;
            try
            {
                _regex = new(text, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
            }
            catch (Exception error) when (error is ArgumentException or NotSupportedException)
            {
                throw new FormatException($"'{text}' is not a pattern that can be matched in linear time.", error);
            }
        }

        public string Text { get; }

        public override bool Matches(string name) => _regex.IsMatch(name);

        public bool Equals(Pattern? other) => other is not null && Text == other.Text;

        public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
    }

    public sealed record AnyOf(ImmutableArray<MatchClause> Clauses) : MatchClause
    {
        public override bool Matches(string name) => Clauses.Any(clause => clause.Matches(name));
    }

    public sealed record AllOf(ImmutableArray<MatchClause> Clauses) : MatchClause
    {
        public override bool Matches(string name) => Clauses.All(clause => clause.Matches(name));
    }

    /// <summary>Reads a plain string (equals) or an object with one of the members that <see cref="Write"/> writes.</summary>
    /// <exception cref="FormatException">Neither.</exception>
    public static MatchClause Read(JsonElement json)
    {
        if (json.ValueKind is JsonValueKind.String) return new EqualTo(json.GetString()!);
        if (json.ValueKind is not JsonValueKind.Object || json.GetPropertyCount() != 1) throw NotAClause(json);
        var (name, value) = json.EnumerateObject().Select(member => (member.Name, member.Value)).Single();
        return (name, value.ValueKind) switch
        {
            ("equals", JsonValueKind.String) => new EqualTo(value.GetString()!),
            ("starts_with", JsonValueKind.String) => new StartsWith(value.GetString()!),
            ("ends_with", JsonValueKind.String) => new EndsWith(value.GetString()!),
            ("contains", JsonValueKind.String) => new Contains(value.GetString()!),
            ("regex", JsonValueKind.String) => new Pattern(value.GetString()!),
            ("or", JsonValueKind.Array) => new AnyOf([.. value.EnumerateArray().Select(Read)]),
            ("and", JsonValueKind.Array) => new AllOf([.. value.EnumerateArray().Select(Read)]),
            _ => throw NotAClause(json),
        };
    }

    public void Write(Utf8JsonWriter json)
    {
        if (this is EqualTo equal)
        {
            json.WriteStringValue(equal.Text);
            return;
        }

        json.WriteStartObject();
        switch (this)
        {
            case StartsWith clause: json.WriteString("starts_with", clause.Text); break;
            case EndsWith clause: json.WriteString("ends_with", clause.Text); break;
            case Contains clause: json.WriteString("contains", clause.Text); break;
            case Pattern clause: json.WriteString("regex", clause.Text); break;
            case AnyOf clause: WriteAll("or", clause.Clauses); break;
            case AllOf clause: WriteAll("and", clause.Clauses); break;
        }

        json.WriteEndObject();

        void WriteAll(string name, ImmutableArray<MatchClause> clauses)
        {
            json.WriteStartArray(name);
            foreach (var clause in clauses) clause.Write(json);
            json.WriteEndArray();
        }
    }

    private static FormatException NotAClause(JsonElement json) =>
        new($"{json.GetRawText()} is not a condition: write a string, or an object with one of equals, starts_with, ends_with, contains, regex, or, and.");
}
