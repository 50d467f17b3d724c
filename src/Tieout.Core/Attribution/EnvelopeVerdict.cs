namespace Tieout.Core.Attribution;

/// <summary>What a token that came in is worth. Exactly one of the cases below.</summary>
public abstract record EnvelopeVerdict
{
    private EnvelopeVerdict() { }

    /// <summary>Ours, unchanged and in time: it attributes, and within its tenant it authorises.</summary>
    public sealed record Valid(Envelope Envelope, string KeyId) : EnvelopeVerdict;

    /// <summary>Ours and unchanged, but its time is over: still evidence of who pays, never a right to spend.</summary>
    public sealed record Expired(Envelope Envelope, string KeyId) : EnvelopeVerdict;

    /// <summary>Trusted no longer: its signing key or the envelope itself was revoked, or the API key it was issued to is blocked. To be looked at, not
    /// believed.</summary>
    public sealed record Revoked(Envelope Envelope, string KeyId) : EnvelopeVerdict;

    /// <summary>Nothing that it says is believed.</summary>
    public sealed record Refused(EnvelopeRefusal Reason) : EnvelopeVerdict;
}

/// <summary>Why a token is refused, in the order in which the rules are tried. The first that applies is reported.</summary>
public enum EnvelopeRefusal
{
    /// <summary>Two tokens: which of them a hop believes would be chance.</summary>
    SeveralHeaders = 1,
    TooLong,
    NotAscii,
    NotThreeSegments,
    Unsigned,
    Padded,
    NotBase64Url,

    /// <summary>Bits behind the last byte are not zero: another text for the same bytes.</summary>
    NotCanonicalBase64Url,
    HeaderNotJson,
    HeaderMemberTwice,

    /// <summary>Bears <c>crit</c>; there is no extension to understand.</summary>
    HeaderCritical,
    HeaderMemberUnknown,
    HeaderMemberWrongType,
    HeaderMemberMissing,
    TypeWrong,
    KeyUnknown,

    /// <summary>Names another algorithm than the record of its key.</summary>
    AlgorithmWrong,

    /// <summary>The key's record is here, what it was derived from is not.</summary>
    KeyUnavailable,

    /// <summary>Not what the key signed. Nothing of the claims has been looked at before this.</summary>
    SignatureWrong,
    ClaimsNotJson,
    ClaimTwice,

    /// <summary>Of a version to come. Before its claims are looked at: they may be others than ours.</summary>
    VersionUnknown,
    ClaimUnknown,
    ClaimWrongType,
    ClaimMissing,
    ClaimMalformed,
    TenantsDiffer,
    LifetimeWrong,
    AudienceWrong,

    /// <summary>Issued after its key had stopped issuing.</summary>
    KeyRetired,
    IssuedInFuture,
}
