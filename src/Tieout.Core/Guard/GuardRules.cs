using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Attribution;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Guard;

/// <summary>Whether a guarded action may run: only with an envelope that is bound to the resource's owner, or with an override (G1). Pure.</summary>
public static class GuardRules
{
    /// <param name="verdict">Of the envelope; null: none came.</param>
    /// <param name="key">The key that asks; null: the platform asks, which may act for every org.</param>
    /// <param name="isUsed">Somebody used the name of <see cref="UseOf"/> before.</param>
    public static GuardAnswer Decide(GuardTerms terms, GuardQuestion question, EnvelopeVerdict? verdict, ApiKey? key, bool isUsed, Instant now)
    {
        if (terms.PolicyOf(question.Action) is not { } policy) return new(GuardOutcome.Allow, GuardReason.NoPolicy);
        if (policy.Mode is GuardMode.Off) return new(GuardOutcome.Allow, GuardReason.PolicyOff, Policy: policy);

        var bound = (verdict as EnvelopeVerdict.Valid)?.Envelope;
        var reason = Unbound(question.Resource, verdict, key) ?? (isUsed ? GuardReason.AlreadyUsed : GuardReason.Bound);
        if (reason is GuardReason.Bound) return new(GuardOutcome.Allow, reason, Policy: policy, Bound: bound);

        var flaw = (verdict as EnvelopeVerdict.Refused)?.Reason;
        if (policy.Mode is GuardMode.Shadow) return new(GuardOutcome.ShadowHit, reason, flaw, policy);
        if (MayActFor(key, question.Resource.Owner) && terms.OverrideOf(question, now.ToDateTimeOffset()) is { } open)
        {
            return new(GuardOutcome.Allow, GuardReason.Overridden, flaw, policy, open);
        }

        return new(GuardOutcome.Block, reason, flaw, policy);
    }

    /// <summary>The name under which a use of an operation counts once in its org; null: the question may be asked again.</summary>
    public static string? UseOf(GuardPolicy policy, GuardQuestion question, Envelope bound)
    {
        if (!policy.SingleUse && question.Nonce is null) return null;

        // Under a single-use policy the nonce has no part in the name: a caller could choose another one and run the action again.
        var use = policy.SingleUse
            ? $"action\n{bound.Operation}\n{question.Action}\n{question.Resource.Type}\n{question.Resource.Id}" : $"nonce\n{bound.Operation}\n{question.Nonce}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(use)))[..40];
    }

    /// <summary>Why the envelope does not bind the action to the owner; null: it does.</summary>
    private static GuardReason? Unbound(GuardResource resource, EnvelopeVerdict? verdict, ApiKey? key)
    {
        switch (verdict)
        {
            case null:
                return GuardReason.EnvelopeMissing;
            case EnvelopeVerdict.Refused:
                return GuardReason.EnvelopeRefused;
            case EnvelopeVerdict.Revoked:
                return GuardReason.EnvelopeRevoked;
            case EnvelopeVerdict.Expired:
                return GuardReason.EnvelopeExpired;
            case EnvelopeVerdict.Valid { Envelope.Org: var org }:
                if (resource.Owner is null) return GuardReason.OwnerMissing;
                if (org != resource.Owner) return GuardReason.OwnerOther;
                return MayActFor(key, resource.Owner) ? null : GuardReason.CallerForeign;
            default:
                throw new ArgumentException($"No rule for {verdict}.", nameof(verdict));
        }
    }

    private static bool MayActFor(ApiKey? key, string? owner) => key is null || owner is null || key.MayActFor(owner);
}
