using System.Text;
using System.Text.Json;

namespace Tieout.Core.Attribution;

/// <summary>Reads a flat JSON object of which every member is known, as texts and whole numbers. Whatever else it holds is a flaw.</summary>
internal static class StrictObject
{
    /// <summary>Seconds since 1970 have ten digits until the year 2286.</summary>
    private const int DigitsMax = 11;

    /// <param name="members">What it may have.</param>
    /// <param name="values">What it has, by the order of <paramref name="members"/>; a text without its quotes.</param>
    /// <returns>Everything that is wrong with it, so that the caller can report by its own order.</returns>
    public static Flaws Read(ReadOnlySpan<byte> json, ReadOnlySpan<Member> members, Span<string?> values)
    {
        var flaws = Flaws.None;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
            if (!reader.Read() || reader.TokenType is not JsonTokenType.StartObject) return Flaws.NotJson;
            var seen = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
            {
                // Compared as written: no name of ours needs an escape, so an escaped one is an unknown one.
                var name = Encoding.Latin1.GetString(reader.ValueSpan);
                if (!seen.Add(name)) flaws |= Flaws.Twice;
                reader.Read();
                if (Index(members, name) is not { } index) flaws |= Flaws.Unknown;
                else if (!Fits(members[index].Kind, ref reader)) flaws |= Flaws.WrongType;
                else values[index] = Encoding.Latin1.GetString(reader.ValueSpan);
                reader.Skip();
            }

            // Behind the object there is only its end: anything else throws.
            if (reader.TokenType is not JsonTokenType.EndObject || reader.Read()) return Flaws.NotJson;
        }
        catch (JsonException)
        {
            return Flaws.NotJson;
        }

        for (var i = 0; i < members.Length; i++)
        {
            if (members[i].Required && values[i] is null) flaws |= Flaws.Missing;
        }

        return flaws;
    }

    private static int? Index(ReadOnlySpan<Member> members, string name)
    {
        for (var i = 0; i < members.Length; i++)
        {
            if (members[i].Name == name) return i;
        }

        return null;
    }

    private static bool Fits(MemberKind kind, ref Utf8JsonReader reader) => kind switch
    {
        MemberKind.Text => reader.TokenType is JsonTokenType.String && !reader.ValueIsEscaped,
        MemberKind.Whole => reader.TokenType is JsonTokenType.Number && reader.ValueSpan.Length <= DigitsMax
            && !reader.ValueSpan.ContainsAnyExceptInRange((byte)'0', (byte)'9'),
        _ => true,
    };
}

internal readonly record struct Member(string Name, MemberKind Kind, bool Required = true);

internal enum MemberKind
{
    /// <summary>A string without escapes.</summary>
    Text,

    /// <summary>Digits only: no sign, fraction or exponent.</summary>
    Whole,

    /// <summary>Anything; it is only asked whether it is there.</summary>
    Any,
}

/// <summary>What can be wrong with an object.</summary>
[Flags]
internal enum Flaws
{
    None = 0,
    NotJson = 1,
    Twice = 2,
    Unknown = 4,
    WrongType = 8,
    Missing = 16,
}
