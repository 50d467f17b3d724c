using System.Security.Cryptography;
using System.Text;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway.References;

/// <summary>A name that a client chose and a provider remembers by account: of a prompt cache, or of an end user.</summary>
/// <remarks>
/// In an account that orgs share, one org could ask for another's prompt cache by its key, see by the price whether there is one, and have another's end user blocked for
/// abuse. So such a name leaves as a digest of the org and the name: equal names of one org stay equal, and no org can make another's.
/// </remarks>
/// <param name="At">Where the value is in the body, quotes included.</param>
internal readonly record struct ClientName(Range At, string Value)
{
    /// <summary>Members of a body, or parts of a form. Compared without regard to case, as some providers do.</summary>
    private static readonly string[] Members = ["user", "prompt_cache_key", "safety_identifier"];

    private static readonly byte[][] MembersUtf8 = [.. Members.Select(Encoding.ASCII.GetBytes)];

    public static bool IsMember(ReadOnlySpan<byte> name)
    {
        foreach (var member in MembersUtf8)
        {
            if (Ascii.EqualsIgnoreCase(member, name)) return true;
        }

        return false;
    }

    public static bool IsMember(string name) => Members.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>39 characters: providers take 64.</summary>
    public static string Bind(string org, string value) =>
        $"tieout-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{org}\n{value}")).AsSpan(0, 16))}";

    public Edit Bind(string org) => new(At, Encoding.ASCII.GetBytes($"\"{Bind(org, Value)}\""));
}
