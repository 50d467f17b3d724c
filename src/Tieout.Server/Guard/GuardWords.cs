using Tieout.Core.Guard;

namespace Tieout.Server.Guard;

/// <summary>What people read about decisions and policies.</summary>
internal static class GuardWords
{
    /// <summary>One sentence on why the action runs or not, and what to do.</summary>
    public static string Detail(GuardDecision decision) => $"{(decision.Outcome switch
    {
        "block" => $"'{decision.Action}' is blocked: ",
        "shadow_hit" => $"'{decision.Action}' would be blocked if the policy '{decision.Policy}' were enforced: ",
        _ => $"'{decision.Action}' is allowed: ",
    })}{Reason(decision)}";

    private static string Reason(GuardDecision decision) => decision.Reason switch
    {
        "no_policy" => "no policy names it.",
        "policy_off" => $"the policy '{decision.Policy}' is off.",
        "bound" => $"the envelope is bound to the owner {decision.OwnerOrg}.",
        "overridden" => $"the override {decision.OverrideId} is in force.",
        "envelope_missing" => "no envelope came. Send the envelope of the operation that asks for it.",
        "envelope_refused" => $"the envelope is refused ({decision.EnvelopeFlaw}). Send it as it was issued.",
        "envelope_revoked" => "the envelope, its signing key or the key it was issued to is revoked. Issue a new envelope.",
        "envelope_expired" => "the envelope has expired. Issue a new one.",
        "owner_missing" => "no org owns the resource, so no envelope can be bound to it. Send owner_org, or open an override.",
        "owner_other" => $"the envelope belongs to another org than the resource, whose owner is {decision.OwnerOrg}.",
        "caller_foreign" => $"the key that asks may not act for {decision.OwnerOrg}.",
        "already_used" => "the operation was used for this before. Begin a new operation.",
        _ => decision.Reason,
    };

    public static string Detail(GuardPolicyFlaw flaw, GuardPolicy policy) => flaw switch
    {
        GuardPolicyFlaw.MatchesEverything => "A pattern of '*' would guard every action. Name what it guards, for example 'volume.*'.",
        GuardPolicyFlaw.ReversibleEnforced =>
            $"The actions '{policy.Actions}' can be undone, and only irreversible ones can be enforced. Use the mode shadow.",
        GuardPolicyFlaw.PatternTaken => $"Another policy has the pattern '{policy.Actions}'. Change that policy.",
        _ => "A pattern is an action such as volume.delete, or cluster.* for all below it: words of a–z, 0–9, _ and - with dots between them.",
    };
}
