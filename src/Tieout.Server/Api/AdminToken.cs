using System.Security.Cryptography;
using System.Text;

namespace Tieout.Server.Api;

/// <summary>The token that may do everything. Never logged and never answered; compared in constant time.</summary>
/// <param name="value">Null: there is none, and nobody is let in by it.</param>
internal sealed class AdminToken(string? value)
{
    private readonly byte[]? _sha256 = string.IsNullOrEmpty(value) ? null : Hash(value);

    /// <summary>Compares hashes, so that neither content nor length tells in the time taken.</summary>
    public bool Matches(string token) => _sha256 is not null && CryptographicOperations.FixedTimeEquals(Hash(token), _sha256);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
