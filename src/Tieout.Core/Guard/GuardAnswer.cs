using Tieout.Core.Attribution;

namespace Tieout.Core.Guard;

/// <summary>Whether the action may run, and why.</summary>
/// <param name="Flaw">Of the envelope, where it was refused.</param>
/// <param name="Policy">The policy that decided; null: none matches the action.</param>
/// <param name="Override">The override that allowed it; null: none.</param>
/// <param name="Bound">The envelope, where it is bound to the owner; null: it is not, or nobody looked.</param>
public sealed record GuardAnswer(
    GuardOutcome Outcome, GuardReason Reason, EnvelopeRefusal? Flaw = null, GuardPolicy? Policy = null, GuardOverride? Override = null, Envelope? Bound = null);

public enum GuardOutcome
{
    Allow,

    /// <summary>Allowed by a policy in shadow mode that would block it in enforce mode.</summary>
    ShadowHit,
    Block,
}

/// <summary>Why a question was answered as it was. The reasons from <see cref="EnvelopeMissing"/> on are tried in this order.</summary>
public enum GuardReason
{
    NoPolicy,
    PolicyOff,
    Bound,
    Overridden,
    EnvelopeMissing,
    EnvelopeRefused,
    EnvelopeRevoked,
    EnvelopeExpired,
    OwnerMissing,

    /// <summary>The envelope is another org's than the resource.</summary>
    OwnerOther,

    /// <summary>The key that asks may not act for the owner. No override lifts this.</summary>
    CallerForeign,

    /// <summary>The operation, or its nonce, was used for this before.</summary>
    AlreadyUsed,
}
