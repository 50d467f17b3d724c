using Tieout.Core.Tenancy;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>Proposals: recorded instead of a command that one person may not carry out alone, then approved or rejected once by another.</summary>
internal static class ProposalRules
{
    /// <summary>Records the proposal. The same command proposed again by the same person for the same reason is the same proposal (L3).</summary>
    public static Outcome Propose(Draft draft, Command command, AuditAction action, Money.Amount? moves)
    {
        var terms = action.Approval!;
        var org = command.OrgId!;
        var proposal = new Proposal(
            org, terms.ProposalId, CommandText.Write(command), moves, terms.Reason, action.Actor.Id, action.Person, draft.Now + terms.ValidFor);
        if (draft.Object(org, ObjectKind.Proposal, proposal.Id) is { } known)
        {
            var before = Proposal.Of(known.Object);
            return Conflicts.Of(before, proposal) is { } field ? Refuse(Refusal.IdReused, field) : new Outcome.Proposed(before, IsNew: false);
        }

        if (string.IsNullOrWhiteSpace(terms.Reason)) return Refuse(Refusal.ReasonNeeded);
        if (!ProviderObject.IsValidId(proposal.Id) || !Names.IsValid(proposal.By)) return Refuse(Refusal.NameInvalid, "id");
        if (org.Length > 0 && draft.Org(org) is null && command is not Command.OpenOrg) return Refuse(Refusal.OrgNotFound);
        draft.Add(proposal.Stored);
        return new Outcome.Proposed(proposal, IsNew: true);
    }

    /// <summary>Carries out a proposal and closes it, both or neither.</summary>
    public static Outcome Approve(Draft draft, Command.ApproveProposal command)
    {
        var (by, person) = (Of(command).Actor.Id, Of(command).Person);
        if (Validate(draft, command.Org, command.Proposal, command.Hash, out var kept, out var proposal) is { } refusal) return Refuse(refusal);
        if (CommandText.Write(command.Action) != proposal.Content) return Refuse(Refusal.ProposalDiffers);
        if (kept.End is { } end)
        {
            var decided = ProposalEnd.Of(end);
            return decided.Approved && decided.By == by ? new Outcome.Replayed(decided.Posting, Figures.None) : Refuse(Refusal.ProposalClosed, decided.By);
        }

        if (by == proposal.By || person == proposal.Person) return Refuse(Refusal.ProposalOwn);
        if (draft.Now >= proposal.ExpiresAt) return Refuse(Refusal.ProposalExpired);
        var outcome = TogetherRules.Decide(draft, [command.Action]);
        if (outcome is Outcome.Refused) return outcome;
        draft.End(kept, new ProposalEnd(Approved: true, by, Reason: null, outcome is Outcome.Done done ? done.Seq : ((Outcome.Replayed)outcome).Seq).Body);
        return outcome;
    }

    /// <summary>Closes a proposal without carrying it out. Its proposer may do so, too.</summary>
    public static Outcome Reject(Draft draft, Command.RejectProposal command)
    {
        var end = new ProposalEnd(Approved: false, Of(command).Actor.Id, command.Reason, Posting: 0);
        if (Validate(draft, command.Org, command.Proposal, command.Hash, out var kept, out _) is { } refusal) return Refuse(refusal);
        if (kept.End is { } known)
        {
            return known.Body == end.Body ? new Outcome.Replayed(0, Figures.None) : Refuse(Refusal.ProposalClosed, ProposalEnd.Of(known).By);
        }

        draft.End(kept, end.Body);
        return new Outcome.Done(kept.Row.Seq, Figures.None);
    }

    private static Refusal? Validate(Draft draft, string org, string id, string hash, out KeptObject kept, out Proposal proposal)
    {
        (kept, proposal) = (null!, null!);
        if (draft.Object(org, ObjectKind.Proposal, id) is not { } known) return Refusal.ProposalNotFound;
        (kept, proposal) = (known, Proposal.Of(known.Object));
        return proposal.Hash == hash ? null : Refusal.ProposalDiffers;
    }

    private static AuditAction Of(Command command) =>
        command.Audit ?? throw new ArgumentException("A proposal is decided by a person: give the audit action.", nameof(command));
}
