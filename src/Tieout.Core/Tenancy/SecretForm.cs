using System.Numerics;
using System.Text;

namespace Tieout.Core.Tenancy;

/// <summary>The form of the secrets that the server makes: a prefix, 43 characters of 256 random bits, and 6 characters of checksum; all of them letters and
/// digits after the prefix.</summary>
/// <remarks>The checksum tells a mistyped or cut secret, and a secret found in source code, from other text. It protects nothing.</remarks>
public static class SecretForm
{
    /// <summary>Of a key of an org.</summary>
    public const string KeyPrefix = "tk_";

    /// <summary>Of a token of the platform.</summary>
    public const string TokenPrefix = "tt_";

    /// <summary>For secret scanners: documented, and never made narrower.</summary>
    public const string Pattern = @"\b(tk|tt)_[0-9A-Za-z]{49}\b";

    public const int Length = PrefixLength + RandomLength + ChecksumLength;

    /// <summary>Bytes of randomness in a secret.</summary>
    public const int RandomBytes = 32;

    private const int PrefixLength = 3;
    private const int RandomLength = 43;
    private const int ChecksumLength = 6;
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>Writes a secret.</summary>
    /// <param name="prefix"><see cref="KeyPrefix"/> or <see cref="TokenPrefix"/>.</param>
    /// <param name="random"><see cref="RandomBytes"/> bytes that nobody can predict.</param>
    public static string Write(string prefix, ReadOnlySpan<byte> random)
    {
        if (prefix is not (KeyPrefix or TokenPrefix))
        {
            throw new ArgumentException($"'{prefix}' is not a prefix of secrets: use {KeyPrefix} or {TokenPrefix}.", nameof(prefix));
        }

        if (random.Length != RandomBytes) throw new ArgumentException($"A secret has {RandomBytes} random bytes, not {random.Length}.", nameof(random));
        Span<char> secret = stackalloc char[Length];
        prefix.CopyTo(secret);
        var number = new BigInteger(random, isUnsigned: true);
        for (var at = PrefixLength + RandomLength - 1; at >= PrefixLength; at--)
        {
            secret[at] = Digits[(int)(number % Digits.Length)];
            number /= Digits.Length;
        }

        WriteChecksum(secret[..^ChecksumLength], secret[^ChecksumLength..]);
        return new(secret);
    }

    /// <summary>Whether a secret has prefix, length and characters of the form, but another checksum: it is mistyped, and nobody's.</summary>
    public static bool IsMistyped(ReadOnlySpan<char> secret)
    {
        if (secret.Length != Length || !(secret.StartsWith(KeyPrefix, StringComparison.Ordinal) || secret.StartsWith(TokenPrefix, StringComparison.Ordinal)))
        {
            return false;
        }

        foreach (var character in secret[PrefixLength..])
        {
            if (!char.IsAsciiLetterOrDigit(character)) return false;
        }

        Span<char> checksum = stackalloc char[ChecksumLength];
        WriteChecksum(secret[..^ChecksumLength], checksum);
        return !checksum.SequenceEqual(secret[^ChecksumLength..]);
    }

    /// <summary>CRC-32C of the characters in ASCII, most significant digit first.</summary>
    private static void WriteChecksum(ReadOnlySpan<char> of, Span<char> checksum)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var crc = uint.MaxValue;
        foreach (var octet in bytes[..Encoding.ASCII.GetBytes(of, bytes)]) crc = BitOperations.Crc32C(crc, octet);
        crc = ~crc;
        for (var at = ChecksumLength - 1; at >= 0; at--)
        {
            checksum[at] = Digits[(int)(crc % (uint)Digits.Length)];
            crc /= (uint)Digits.Length;
        }
    }
}
