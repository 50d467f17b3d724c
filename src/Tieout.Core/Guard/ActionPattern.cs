using System.Buffers;

namespace Tieout.Core.Guard;

/// <summary>Which actions a policy or an override is about: an action such as <c>volume.delete</c>, or every action below one, such as
/// <c>cluster.*</c>.</summary>
/// <remarks>Two patterns that match the same action differ in length, so there is always one closest pattern.</remarks>
public sealed record ActionPattern
{
    /// <summary>Of an action or a pattern, in characters.</summary>
    public const int LengthMax = 96;

    private const string Rest = ".*";

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <summary>What stands before the star, with its dot; null: the pattern has no star.</summary>
    private readonly string? _below;

    private ActionPattern(string text)
    {
        Text = text;
        _below = text.EndsWith(Rest, StringComparison.Ordinal) ? text[..^1] : null;
    }

    public string Text { get; }

    /// <summary>The closest of several matching patterns has the highest: one that names the action, else the longest.</summary>
    public int Closeness => _below is null ? LengthMax + 1 : _below.Length;

    /// <summary>Words of a–z, 0–9, <c>_</c> and <c>-</c> with dots between them.</summary>
    public static bool IsAction(string? text) =>
        text is { Length: > 0 and <= LengthMax } && text.Split('.').All(word => word.Length > 0 && !word.AsSpan().ContainsAnyExcept(Allowed));

    /// <summary>Reads an action, or an action with <c>.*</c> behind it. A star alone would match everything, so it is no pattern.</summary>
    /// <returns>Null: <paramref name="text"/> is no pattern.</returns>
    public static ActionPattern? TryParse(string? text)
    {
        if (text is null) return null;
        var words = text.EndsWith(Rest, StringComparison.Ordinal) ? text[..^Rest.Length] : text;
        return text.Length <= LengthMax && IsAction(words) ? new(text) : null;
    }

    /// <exception cref="FormatException">Not a pattern.</exception>
    public static ActionPattern Parse(string text) => TryParse(text) ?? throw new FormatException($"'{text}' is not a pattern of actions.");

    public bool Matches(string action) => _below is null ? action == Text : action.StartsWith(_below, StringComparison.Ordinal);

    public override string ToString() => Text;
}
