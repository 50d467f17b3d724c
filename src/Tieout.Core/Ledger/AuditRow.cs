using Tieout.Core.Tenancy;

namespace Tieout.Core.Ledger;

/// <summary>An administrative action, handed in with the command that carries it out. The ledger records it in the same commit, with the outcome
/// (U1).</summary>
/// <param name="Action">What was called, without the names in it, for example <c>POST /orgs/{org}/topups</c>.</param>
/// <param name="Target">The address that was called, with the names in it.</param>
public sealed record AuditAction(Actor Actor, string Action, string Target)
{
    /// <summary>The person behind the actor: tokens with the same name belong to the same person. Decides who may approve and what one person moves
    /// alone.</summary>
    public string Person { get; init; } = Actor.Id;

    /// <summary>JSON of what was asked for; null: the command says it.</summary>
    public string? After { get; init; }

    /// <summary>The finding that the command repairs; null: none. An automatic freeze does not refuse repairs of findings.</summary>
    public string? Finding { get; init; }

    /// <summary>When the command needs a second person; null: never.</summary>
    public ApprovalTerms? Approval { get; init; }

    /// <summary>Whether <paramref name="fits"/> is true of every text.</summary>
    public bool TextsFit(Func<string?, bool> fits) =>
        fits(Actor.Id) && fits(Person) && fits(Actor.CorrelationId) && fits(Actor.Address) && fits(Actor.Agent) && fits(Target) && fits(After)
        && (Approval is not { } terms || (fits(terms.ProposalId) && fits(terms.Reason)));
}

/// <summary>One administrative action as it is stored: appended in the commit of the action, never changed, part of the chain (U1, L8).</summary>
/// <param name="Seq">Its place among the audit records of its book, from 1.</param>
/// <param name="Org">The org that the action was about; empty: the platform.</param>
/// <param name="Before">JSON of what the action replaced, as of the decision; null: nothing.</param>
/// <param name="After">JSON of what was asked for; null: nothing.</param>
/// <param name="Outcome"><c>done</c>, <c>unchanged</c> (a replay), <c>proposed</c> or <c>refused:reason</c>.</param>
public sealed record AuditRow(
    long Seq, string Org, Actor Actor, string Action, string Target, string? Before, string? After, string Outcome, Instant RecordedAt, uint Crc)
    : ChainedRow(Crc);
