using System.Text.Json;

namespace Tieout.Core.Guard;

/// <summary>Which actions need a verified envelope of the resource's owner, and what happens to those that have none (G1).</summary>
/// <param name="Name">Chosen by the platform; a name of the ledger.</param>
/// <param name="Actions">An <see cref="ActionPattern"/>.</param>
/// <param name="Irreversible">Nobody can undo the action. Only such a policy may be enforced.</param>
/// <param name="SingleUse">The envelope's operation may run the action on the resource once.</param>
/// <param name="Reason">Why the policy is as it is, for people.</param>
/// <param name="Version">From 1, one more with each change.</param>
/// <param name="SetBy">The id of the token that set this version.</param>
public sealed record GuardPolicy(
    string Name, string Actions, bool Irreversible, GuardMode Mode, bool SingleUse, string Reason, int Version, string SetBy, DateTimeOffset SetAt)
{
    /// <summary>Why the policy cannot be; null: it can.</summary>
    public GuardPolicyFlaw? Flaw(IEnumerable<GuardPolicy> others)
    {
        if (Actions == "*") return GuardPolicyFlaw.MatchesEverything;
        if (ActionPattern.TryParse(Actions) is null) return GuardPolicyFlaw.PatternInvalid;
        if (Mode is GuardMode.Enforce && !Irreversible) return GuardPolicyFlaw.ReversibleEnforced;
        return others.Any(other => other.Name != Name && other.Actions == Actions) ? GuardPolicyFlaw.PatternTaken : null;
    }

    public string ToJson() => JsonSerializer.Serialize(this, GuardJson.Default.GuardPolicy);

    /// <exception cref="JsonException">Not a policy's JSON.</exception>
    public static GuardPolicy Parse(string json) =>
        JsonSerializer.Deserialize(json, GuardJson.Default.GuardPolicy) ?? throw new JsonException("A guard policy is null.");
}

/// <summary>Why a policy is refused.</summary>
public enum GuardPolicyFlaw
{
    PatternInvalid = 1,
    MatchesEverything,

    /// <summary>What can be undone is watched in shadow mode, never blocked: a block costs more than the repair.</summary>
    ReversibleEnforced,

    /// <summary>Another policy has the same pattern, so which of them decides would be chance.</summary>
    PatternTaken,
}
