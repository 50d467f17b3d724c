using System.Security.Cryptography;
using System.Text;

namespace Tieout.Core.Attribution;

/// <summary>What every envelope key is derived from: 32 random bytes or more, kept outside the ledger.</summary>
/// <remarks>
/// HKDF-SHA256 (RFC 5869) with the key's id as salt and the purpose as info, so that keys of different purposes and ids tell nothing of one
/// another, and a copy of the ledger without the secret can sign nothing.
/// </remarks>
public sealed class EnvelopeSecret
{
    public const int BytesMin = 32;

    private const int DerivedBytes = 32;
    private const int CheckBytes = 8;

    private readonly byte[] _master;

    /// <param name="previous">The secret before it, which still verifies; null: none does.</param>
    /// <exception cref="ArgumentException">Shorter than <see cref="BytesMin"/>.</exception>
    public EnvelopeSecret(ReadOnlySpan<byte> master, EnvelopeSecret? previous = null)
    {
        if (master.Length < BytesMin) throw new ArgumentException($"An envelope secret has at least {BytesMin} bytes.", nameof(master));
        _master = master.ToArray();
        Previous = previous;
    }

    /// <summary>Valid beside this one until the operator removes it. Signs nothing new.</summary>
    public EnvelopeSecret? Previous { get; }

    /// <summary>The secret, this one or one before it, that a key was made under; null: none of them.</summary>
    /// <param name="check">Of the key; see <see cref="Check"/>.</param>
    public EnvelopeSecret? Under(string keyId, string check) => Check(keyId) == check ? this : Previous?.Under(keyId, check);

    /// <summary>What signs and verifies envelopes.</summary>
    public byte[] Signing(string keyId) => Derive(keyId, "tieout/envelope/v1/sign");

    /// <summary>What chains the lineage of what the key issued.</summary>
    public byte[] Lineage(string keyId) => Derive(keyId, "tieout/envelope/v1/lineage");

    /// <summary>What signs what a webhook endpoint is sent.</summary>
    public byte[] Webhook(string name) => Derive(name, "tieout/webhook/v1/sign");

    /// <summary>
    /// Tells whether a key was made under this secret, and nothing else about either: 8 bytes derived for this purpose alone, hex. So a secret
    /// that was lost or replaced shows as that, and not as forgery.
    /// </summary>
    public string Check(string keyId) => Convert.ToHexStringLower(Derive(keyId, "tieout/envelope/v1/check").AsSpan(0, CheckBytes));

    /// <summary>Never the secret.</summary>
    public override string ToString() => nameof(EnvelopeSecret);

    private byte[] Derive(string keyId, string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _master, DerivedBytes, Encoding.UTF8.GetBytes(keyId), Encoding.UTF8.GetBytes(purpose));
}
