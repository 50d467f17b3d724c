using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tieout.Core.Ledger;

/// <summary>Where the hash chain of each bucket ended at a time, signed, and linked to the head before it: evidence that is stored outside the store.</summary>
/// <remarks>A chain proves that what is in a store fits together. It does not prove that nothing is missing at its end: yesterday's file fits together
/// too.</remarks>
/// <param name="At">RFC 3339, in UTC.</param>
/// <param name="Previous">The signature of the head before it; empty: it is the first.</param>
/// <param name="AcceptedRollback">Why the store was put back to an earlier state on purpose, before this head; null: it was not.</param>
/// <param name="Mac">HMAC-SHA256 over all the rest, in hexadecimal.</param>
public sealed record SignedHead(string At, IReadOnlyList<BucketHead> Buckets, string Previous, string? AcceptedRollback, string Mac)
{
    public const int KeyBytesMin = 32;

    /// <exception cref="ArgumentException">The key is shorter than <see cref="KeyBytesMin"/>.</exception>
    public static SignedHead Sign(string at, IReadOnlyList<BucketHead> buckets, string previous, string? acceptedRollback, ReadOnlySpan<byte> key)
    {
        if (key.Length < KeyBytesMin) throw new ArgumentException($"A head's key has at least {KeyBytesMin} bytes.", nameof(key));
        var unsigned = new SignedHead(at, buckets, previous, acceptedRollback, "");
        return unsigned with { Mac = unsigned.MacWith(key) };
    }

    public bool IsSignedWith(ReadOnlySpan<byte> key) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(MacWith(key)), Encoding.ASCII.GetBytes(Mac));

    /// <summary>One line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, SignedHeadJson.Default.SignedHead);

    /// <summary>The last of some heads, one a line, each linked to the line before.</summary>
    /// <param name="flaw">Why none of them is believed; null: all are.</param>
    /// <returns>Null: there is none, or there is a flaw.</returns>
    public static SignedHead? Last(string lines, ReadOnlySpan<byte> key, out string? flaw)
    {
        SignedHead? last = null;
        flaw = null;
        var number = 0;
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            number++;
            if (Parse(line) is not { } head)
            {
                flaw = string.Create(CultureInfo.InvariantCulture, $"line {number} is not a head");
            }
            else if (!head.IsSignedWith(key))
            {
                flaw = string.Create(CultureInfo.InvariantCulture, $"line {number} is not signed with this key");
            }
            else if (last is not null && head.Previous != last.Mac)
            {
                flaw = string.Create(CultureInfo.InvariantCulture, $"line {number} does not follow the line before it: a line is missing, or was put there");
            }
            else
            {
                last = head;
                continue;
            }

            return null;
        }

        return last;
    }

    private static SignedHead? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, SignedHeadJson.Default.SignedHead);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string MacWith(ReadOnlySpan<byte> key)
    {
        // Lengths first, so that no two heads are the same text.
        var text = new StringBuilder("tieout-head/1\n").Append(At).Append('\n').Append(Previous).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"{AcceptedRollback?.Length ?? -1}:{AcceptedRollback}\n{Buckets.Count}\n");
        foreach (var bucket in Buckets) text.Append(CultureInfo.InvariantCulture, $"{bucket.Bucket}:{bucket.Commit}:{bucket.Hash}\n");
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text.ToString())));
    }
}

/// <summary>The end of one bucket's hash chain. An embedded ledger is one bucket, 0.</summary>
/// <param name="Hash">In hexadecimal.</param>
public sealed record BucketHead(int Bucket, long Commit, string Hash);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SignedHead))]
internal sealed partial class SignedHeadJson : JsonSerializerContext;
