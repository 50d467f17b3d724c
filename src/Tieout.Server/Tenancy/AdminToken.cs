using System.Security.Cryptography;
using System.Text;
using Tieout.Server.Configuration;

namespace Tieout.Server.Tenancy;

/// <summary>The token that may do everything. Never logged and never answered; compared in constant time. While it is rotated, two are valid.</summary>
/// <param name="text">One line, or two: the new token and the one before it. Null: nobody is let in by it.</param>
internal sealed class AdminToken(string? text)
{
    private byte[][] _sha256 = HashesOf(text);

    /// <summary>Compares hashes, so that the time taken depends on neither content nor length.</summary>
    public bool Matches(string token)
    {
        var (given, matches) = (Hash(token), false);
        foreach (var valid in Volatile.Read(ref _sha256)) matches |= CryptographicOperations.FixedTimeEquals(given, valid);
        return matches;
    }

    /// <summary>Other tokens are valid from now on, and no longer those before.</summary>
    public void Replace(string text) => Volatile.Write(ref _sha256, HashesOf(text));

    private static byte[][] HashesOf(string? text) => string.IsNullOrWhiteSpace(text) ? [] : [.. SecretLines.Parse(text, AdminTokenFile.Variable).Select(Hash)];

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
