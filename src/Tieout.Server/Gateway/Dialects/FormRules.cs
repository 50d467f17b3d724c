using System.Collections.Frozen;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Which parts a form may have, so that every reader of it sees the same form.</summary>
internal static class FormRules
{
    public const int PartsMax = 64;

    private const int NameLengthMax = 64;

    /// <summary>Parts that come once for each thing; all others come once.</summary>
    private static readonly FrozenSet<string> Lists = FrozenSet.Create(
        StringComparer.Ordinal, "image[]", "include[]", "timestamp_granularities[]", "known_speaker_names[]", "known_speaker_references[]");

    /// <summary>The parts that bear bytes; a file under any other name is refused, and so is text under one of these.</summary>
    private static readonly FrozenSet<string> Files = FrozenSet.Create(StringComparer.Ordinal, "file", "image", "image[]", "mask");

    /// <param name="seen">The names of the parts before, without brackets and without regard to case.</param>
    /// <param name="known">The only parts that there may be; null: any with a plain name.</param>
    /// <returns>Null: the part may be there.</returns>
    public static GatewayRefusal? Refusal(string name, bool isFile, ISet<string> seen, FrozenSet<string>? known = null)
    {
        if (known is not null && !known.Contains(name))
        {
            return new(ApiError.BodyMalformed, $"'{name}' is no part of this form. Send only: {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
        }

        if (known is null && !IsPlain(name))
        {
            return new(ApiError.BodyMalformed,
                $"'{name}' is not a valid name of a form's part: use 1 to {NameLengthMax} of a-z A-Z 0-9 _ - starting with a letter.");
        }

        if (isFile != Files.Contains(name))
        {
            return new(ApiError.BodyMalformed,
                isFile ? $"The part '{name}' must be text, without a filename." : $"The part '{name}' must be a file, with a filename.", name);
        }

        var isList = Lists.Contains(name);
        if (name.EndsWith("[]", StringComparison.Ordinal) && !isList)
        {
            return new(ApiError.BodyMalformed, $"The part '{name}' is no list. Write it without brackets.", name);
        }

        // Some readers take 'Model' for 'model', and 'image[]' for 'image'.
        var root = isList ? name[..^2] : name;
        if (!seen.Add(root) && !(isList && seen.Contains(name))) return new(ApiError.BodyMalformed, $"The part '{name}' is given twice.", name);
        if (isList) seen.Add(name);
        return null;
    }

    private static bool IsPlain(string name)
    {
        var plain = name.EndsWith("[]", StringComparison.Ordinal) ? name[..^2] : name;
        return plain.Length is > 0 and <= NameLengthMax && char.IsAsciiLetter(plain[0]) && plain.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
    }
}
