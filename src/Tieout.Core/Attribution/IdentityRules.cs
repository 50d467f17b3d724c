using Tieout.Core.Tenancy;

namespace Tieout.Core.Attribution;

/// <summary>Who is charged for a request: the key that asks, bound to the envelope that came with it. Pure; the whole table is in
/// docs/specs/envelope.md.</summary>
/// <remarks>A signature alone is a bearer's: it does not prove who presents it. So the key must be one that may act for the tenant (A2).</remarks>
public static class IdentityRules
{
    /// <param name="key">Known and not blocked.</param>
    /// <param name="verdict">Of the envelope; null: none came.</param>
    /// <param name="saidOrg">The tenant that the request names outside its envelope (<c>Tieout-Org</c>); null: none.</param>
    /// <param name="unverifiedOrg">What a refused token names, for the finding.</param>
    /// <param name="isSpent">Usage of it is reported, not asked for: then an expired envelope, which attributes, is enough for a worker.</param>
    public static IdentityDecision Decide(ApiKey key, EnvelopeVerdict? verdict, string? saidOrg, string? unverifiedOrg = null, bool isSpent = false)
    {
        switch (verdict)
        {
            case EnvelopeVerdict.Refused refused:
                return Deny(IdentityRefusal.EnvelopeRefused, refused.Reason,
                    IsForgery(refused.Reason) ? Finding(FindingCode.RefusedRebind, refused.Reason.ToString(), unverifiedOrg) : null);
            case EnvelopeVerdict.Revoked revoked:
                return Deny(IdentityRefusal.EnvelopeRevoked, null, Finding(FindingCode.IdentityQuarantined, "KeyRevoked", revoked.Envelope.Org));
            case null when key.Worker:
                return Deny(IdentityRefusal.EnvelopeRequired);
            case null:
                return saidOrg is null || saidOrg == key.Org ? new IdentityDecision.Own(key.Org)
                    : Deny(IdentityRefusal.TenantForeign, null, Finding(FindingCode.RefusedRebind, nameof(IdentityRefusal.TenantForeign), saidOrg));
            case EnvelopeVerdict.Valid valid:
                return Bind(valid.Envelope, isExpired: false);
            case EnvelopeVerdict.Expired expired:
                return Bind(expired.Envelope, isExpired: true);
            default:
                throw new ArgumentException($"No rule for {verdict}.", nameof(verdict));
        }

        IdentityDecision Bind(Envelope envelope, bool isExpired)
        {
            if (saidOrg is not null && saidOrg != envelope.Org)
            {
                return Deny(
                    IdentityRefusal.TenantRewritten, null, Finding(FindingCode.RefusedRebind, nameof(IdentityRefusal.TenantRewritten), saidOrg, envelope));
            }

            if (!key.MayActFor(envelope.Org))
            {
                return Deny(
                    IdentityRefusal.TenantForeign, null, Finding(FindingCode.RefusedRebind, nameof(IdentityRefusal.TenantForeign), envelope.Org, envelope));
            }

            // An org's own key is the right to spend, and the envelope only says for what. For a worker the envelope is the right.
            return isExpired && key.Worker && !isSpent ? Deny(IdentityRefusal.EnvelopeExpired) : new IdentityDecision.Bound(envelope, isExpired);
        }

        IdentityFinding Finding(FindingCode code, string cause, string? claimed, Envelope? envelope = null) =>
            new(code, envelope?.Org ?? key.Org, cause, key.Id, key.Org, claimed, envelope?.Org, envelope?.Issuance, envelope?.Operation);
    }

    /// <summary>Whether a token that is refused for this was made by someone without the key, rather than misread or misdirected.</summary>
    public static bool IsForgery(EnvelopeRefusal reason) => reason is
        EnvelopeRefusal.Unsigned or EnvelopeRefusal.SignatureWrong or EnvelopeRefusal.AlgorithmWrong or EnvelopeRefusal.KeyUnknown
        or EnvelopeRefusal.TenantsDiffer or EnvelopeRefusal.KeyRetired;

    private static IdentityDecision.Denied Deny(IdentityRefusal reason, EnvelopeRefusal? flaw = null, IdentityFinding? finding = null) =>
        new(reason, flaw, finding);
}

/// <summary>Who is charged. Exactly one of the cases below.</summary>
public abstract record IdentityDecision
{
    private IdentityDecision() { }

    /// <summary>No envelope came: the key's own org. One is to be issued.</summary>
    public sealed record Own(string Org) : IdentityDecision;

    /// <summary>The envelope's org; its operation, workflow and originator outrank what headers say.</summary>
    /// <param name="IsExpired">It attributes only; the key itself was the right to spend.</param>
    public sealed record Bound(Envelope Envelope, bool IsExpired) : IdentityDecision;

    /// <param name="Flaw">Of the token, where that is the reason.</param>
    /// <param name="Finding">What is to be looked at; null: a mistake without a suspicion.</param>
    public sealed record Denied(IdentityRefusal Reason, EnvelopeRefusal? Flaw, IdentityFinding? Finding) : IdentityDecision;
}

/// <summary>Why nobody is charged and nothing is done, in the order in which the rules are tried.</summary>
public enum IdentityRefusal
{
    EnvelopeRefused = 1,
    EnvelopeRevoked,

    /// <summary>A worker's key spends for nobody by itself.</summary>
    EnvelopeRequired,

    /// <summary>The request names one tenant and its envelope another.</summary>
    TenantRewritten,

    /// <summary>The key may not act for that tenant.</summary>
    TenantForeign,
    EnvelopeExpired,
}

/// <summary>Cost was about to be bound to another tenant than the one it was issued for.</summary>
/// <param name="Org">Under which org it is filed: the envelope's where that is verified, else the key's.</param>
/// <param name="Claimed">The tenant that was claimed; verified only if it equals <paramref name="Verified"/>.</param>
/// <param name="Verified">The tenant of the verified envelope; null: nothing was verified.</param>
public sealed record IdentityFinding(
    FindingCode Code, string Org, string Cause, string KeyId, string KeyOrg, string? Claimed, string? Verified, string? Issuance, string? Operation);
