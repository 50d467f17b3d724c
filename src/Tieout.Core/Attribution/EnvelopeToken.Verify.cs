using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Attribution;

public static partial class EnvelopeToken
{
    /// <summary>Clocks of one platform differ by less.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    private static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly Member[] HeaderMembers = [new("alg", MemberKind.Text), new("kid", MemberKind.Text), new("typ", MemberKind.Text),
        new("crit", MemberKind.Any, Required: false)];

    private static readonly Member[] ClaimMembers =
    [
        new("v", MemberKind.Whole), new("iat", MemberKind.Whole), new("exp", MemberKind.Whole), new("aud", MemberKind.Text),
        new("org_id", MemberKind.Text), new("tenant_id", MemberKind.Text), new("originator_id", MemberKind.Text), new("workflow_id", MemberKind.Text),
        new("operation_id", MemberKind.Text), new("issuance_id", MemberKind.Text), new("parent_issuance_id", MemberKind.Text, Required: false),
        new("api_key_id", MemberKind.Text, Required: false),
    ];

    /// <summary>What the headers (or attributes of a message) of one request are worth.</summary>
    /// <returns>Null: none came.</returns>
    public static EnvelopeVerdict? Read(ReadOnlySpan<string?> headers, KeyRing keys, string audience, Instant now) => headers switch
    {
        [] => null,
        [var one] => Verify(one ?? "", keys, audience, now),
        _ => Refuse(EnvelopeRefusal.SeveralHeaders),
    };

    /// <summary>What a token is worth, by the rules of <see cref="EnvelopeRefusal"/> in their order.</summary>
    /// <remarks>The characters received are what is verified; nothing in the claims is looked at before that has succeeded.</remarks>
    public static EnvelopeVerdict Verify(string token, KeyRing keys, string audience, Instant now)
    {
        if (Split(token, out var header, out var claims, out var signature) is { } malformed) return Refuse(malformed);
        if (ReadHeader(header, out var named) is { } misheaded) return Refuse(misheaded);
        if (keys.Find(named.KeyId) is not { } key) return Refuse(EnvelopeRefusal.KeyUnknown);
        if (named.Algorithm != key.Key.Algorithm) return Refuse(EnvelopeRefusal.AlgorithmWrong);
        if (key.Signing is null) return Refuse(EnvelopeRefusal.KeyUnavailable);
        if (!CryptographicOperations.FixedTimeEquals(Mac(key.Signing, token.AsSpan(0, token.LastIndexOf('.'))), signature))
        {
            return Refuse(EnvelopeRefusal.SignatureWrong);
        }

        // From here on it is ours: a flaw now is a mistake or a misuse of our own key.
        if (ReadClaims(claims, out var envelope) is { } misclaimed) return Refuse(misclaimed);
        if (envelope!.Audience != audience) return Refuse(EnvelopeRefusal.AudienceWrong);
        if (key.Key.RetiredAt is { } retired && envelope.IssuedAt > Instant.From(retired) + ClockSkew) return Refuse(EnvelopeRefusal.KeyRetired);
        if (envelope.IssuedAt > now + ClockSkew) return Refuse(EnvelopeRefusal.IssuedInFuture);
        if (keys.IsRevoked(envelope, key)) return new EnvelopeVerdict.Revoked(envelope, named.KeyId);
        return envelope.ExpiresAt <= now ? new EnvelopeVerdict.Expired(envelope, named.KeyId) : new EnvelopeVerdict.Valid(envelope, named.KeyId);
    }

    /// <summary>The tenant that a token names, verified or not: for the evidence in a finding, and for nothing else.</summary>
    public static string? UnverifiedOrg(string token)
    {
        if (token.Length > LengthMax || token.Split('.') is not [_, var payload, _] || Decode(payload, out var claims) is not null) return null;
        var values = new string?[ClaimMembers.Length];
        return StrictObject.Read(claims, ClaimMembers, values).HasFlag(Flaws.NotJson) || !Names.IsValid(values[4]) ? null : values[4];
    }

    private static EnvelopeRefusal? Split(string token, out byte[] header, out byte[] claims, out byte[] signature)
    {
        (header, claims, signature) = ([], [], []);
        if (token.Length > LengthMax) return EnvelopeRefusal.TooLong;
        if (token.AsSpan().ContainsAnyExceptInRange('!', '~')) return EnvelopeRefusal.NotAscii;
        if (token.Split('.') is not [var first, var second, var third]) return EnvelopeRefusal.NotThreeSegments;
        if (third.Length == 0) return EnvelopeRefusal.Unsigned;
        if (token.Contains('=', StringComparison.Ordinal)) return EnvelopeRefusal.Padded;
        return Worst(Decode(first, out header), Decode(second, out claims), Decode(third, out signature));
    }

    /// <summary>The earliest rule that any of them breaks.</summary>
    private static EnvelopeRefusal? Worst(params ReadOnlySpan<EnvelopeRefusal?> flaws)
    {
        EnvelopeRefusal? worst = null;
        foreach (var flaw in flaws)
        {
            if (worst is null || flaw < worst) worst = flaw ?? worst;
        }

        return worst;
    }

    private static EnvelopeRefusal? Decode(string segment, out byte[] bytes)
    {
        bytes = [];
        if (segment.Length % 4 == 1 || segment.AsSpan().ContainsAnyExcept(Alphabet)) return EnvelopeRefusal.NotBase64Url;
        bytes = new byte[Base64Url.GetMaxDecodedLength(segment.Length)];

        // With the right letters and a possible length, what can still be wrong is bits behind the last byte.
        var status = Base64Url.DecodeFromChars(segment, bytes, out _, out var written);
        bytes = bytes[..written];
        return status is OperationStatus.Done && Base64Url.EncodeToString(bytes) == segment ? null : EnvelopeRefusal.NotCanonicalBase64Url;
    }

    private static EnvelopeRefusal? ReadHeader(byte[] json, out (string Algorithm, string KeyId) named)
    {
        named = ("", "");
        var values = new string?[HeaderMembers.Length];
        var flaws = StrictObject.Read(json, HeaderMembers, values);
        if (flaws.HasFlag(Flaws.NotJson)) return EnvelopeRefusal.HeaderNotJson;
        if (flaws.HasFlag(Flaws.Twice)) return EnvelopeRefusal.HeaderMemberTwice;
        if (values[3] is not null) return EnvelopeRefusal.HeaderCritical;
        if (flaws.HasFlag(Flaws.Unknown)) return EnvelopeRefusal.HeaderMemberUnknown;
        if (flaws.HasFlag(Flaws.WrongType)) return EnvelopeRefusal.HeaderMemberWrongType;
        if (flaws.HasFlag(Flaws.Missing)) return EnvelopeRefusal.HeaderMemberMissing;
        if (values[2] != Type) return EnvelopeRefusal.TypeWrong;
        named = (values[0]!, values[1]!);
        return null;
    }

    private static EnvelopeRefusal? ReadClaims(byte[] json, out Envelope? envelope)
    {
        envelope = null;
        var values = new string?[ClaimMembers.Length];
        var flaws = StrictObject.Read(json, ClaimMembers, values);
        if (flaws.HasFlag(Flaws.NotJson)) return EnvelopeRefusal.ClaimsNotJson;
        if (flaws.HasFlag(Flaws.Twice)) return EnvelopeRefusal.ClaimTwice;
        if (values[0] is { } version && Number(version) != Version) return EnvelopeRefusal.VersionUnknown;
        if (flaws.HasFlag(Flaws.Unknown)) return EnvelopeRefusal.ClaimUnknown;
        if (flaws.HasFlag(Flaws.WrongType)) return EnvelopeRefusal.ClaimWrongType;
        if (flaws.HasFlag(Flaws.Missing)) return EnvelopeRefusal.ClaimMissing;
        envelope = new(values[4]!, values[6]!, values[7]!, values[8]!, values[9]!, values[10], values[3]!, FromSeconds(Number(values[1]!)),
            FromSeconds(Number(values[2]!)))
        { ApiKey = values[11] };
        var flaw = envelope.Validate();
        if (flaw is EnvelopeRefusal.ClaimMalformed) return flaw;
        return values[5] != envelope.Org ? EnvelopeRefusal.TenantsDiffer : flaw;
    }

    private static EnvelopeVerdict.Refused Refuse(EnvelopeRefusal reason) => new(reason);
}
