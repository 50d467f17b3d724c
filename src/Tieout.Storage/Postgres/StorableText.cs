using System.Buffers;
using Tieout.Core.Ledger;

namespace Tieout.Storage.Postgres;

/// <summary>PostgreSQL's text has no character U+0000 and no half of a surrogate pair. What bears one is refused by itself, before it could fail the batch it
/// is in.</summary>
internal static class StorableText
{
    private static readonly SearchValues<char> Suspect = SearchValues.Create([.. Enumerable.Range(0xD800, 0x800).Select(code => (char)code), '\0']);

    public static readonly Outcome.Refused Refusal = new(Core.Ledger.Refusal.NameInvalid, "text");

    private static readonly Func<string?, bool> IsStorable = Fits;

    public static bool IsIn(Command command) => command.TextsFit(IsStorable);

    private static bool Fits(string? text)
    {
        if (text is null || text.AsSpan().IndexOfAny(Suspect) < 0) return true;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0') return false;
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || ++i == text.Length || !char.IsLowSurrogate(text[i])) return false;
        }

        return true;
    }
}
