using System.Collections.Immutable;
using Tieout.Core.Budgets;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Ledger;

/// <content>What governs: orgs, budgets, settings, and what a second person must see.</content>
public abstract partial record Command
{
    /// <summary>Opens an org and its accounts. Its id is the org's.</summary>
    public sealed record OpenOrg(Org Org) : Command
    {
        public override bool Governs => true;

        public override string? OrgId => Org.Id;

        public override string Title => $"org {Org.Id}";

        public override bool IsMoneyByHand => Org.Billing == BillingMode.Postpaid || Org.CreditLineNanos > 0;

        internal override Outcome Decide(Draft draft) => SettingRules.OpenOrg(draft, this);

        internal override void Touch(Footprint footprint)
        {
            // A book always holds every org.
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org.Id) && fits(Org.Asset) && fits(Org.TimeZone);

        internal override Int128? Moves(Draft draft) => Org.CreditLineNanos;

        internal override bool IsKnown(Draft draft) => draft.Org(Org.Id) is not null;
    }

    /// <summary>Sets a budget, or changes its limit. Its id is the budget's.</summary>
    public sealed record SetBudget(Budget Budget) : Command
    {
        public override bool Governs => true;

        public override string? OrgId => Budget.Scope.Org;

        public override string Title => $"budget {Budget.Id}";

        internal override Outcome Decide(Draft draft) => SettingRules.SetBudget(draft, this);

        internal override void Touch(Footprint footprint)
        {
            // A book always holds every budget.
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => Budget.Scope.TextsFit(fits) && fits(Budget.TimeZone);
    }

    /// <summary>Closes every period of an org up to and including <paramref name="Through"/>: none of them ever changes again (I2).</summary>
    public sealed record ClosePeriod(string Org, Month Through) : Command
    {
        public override bool Governs => true;

        public override string? OrgId => Org;

        internal override Outcome Decide(Draft draft) => SettingRules.ClosePeriod(draft, this);

        internal override void Touch(Footprint footprint)
        {
            // What is closed is part of the org, which a book always holds.
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org);
    }

    /// <summary>Records a setting that the ledger keeps but does not read: a team, a project, a key, a price list ...</summary>
    /// <param name="Org">The org it belongs to, or empty for the platform's own.</param>
    /// <param name="Once">The name can be taken only once: other content under it is a conflict. Else the newest content counts.</param>
    public sealed record Record(SettingKind Kind, string Org, string Name, string Body, bool Once) : Command
    {
        public override bool Governs => true;

        public override string? OrgId => Org;

        public override string Title => $"{Kind} {Name}";

        public override bool IsMoneyByHand => Kind is SettingKind.PricePolicy or SettingKind.PriceList;

        internal override Outcome Decide(Draft draft) => SettingRules.Record(draft, this);

        internal override void Touch(Footprint footprint)
        {
            // A book always holds every setting.
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org) && fits(Name) && fits(Body);

        internal override Int128? Moves(Draft draft) => IsMoneyByHand ? null : 0;

        internal override bool IsKnown(Draft draft) =>
            draft.Setting(Kind, Org, Name) is { } known && (Once || string.Equals(known.Body, Body, StringComparison.Ordinal));
    }

    /// <summary>Carries out several commands of one org, all of them or none (B3). Each part has its own id, so sending it again is safe.</summary>
    public sealed record Together(string Org, ImmutableArray<Command> Parts) : Command
    {
        public override bool Governs => true;

        public override string? OrgId => Org;

        public override bool IsMoneyByHand => Parts.Any(part => part.IsMoneyByHand);

        internal override Outcome Decide(Draft draft) => TogetherRules.Decide(draft, this);

        internal override void Touch(Footprint footprint)
        {
            foreach (var part in Parts) footprint.Add(part);
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org) && Parts.All(part => part.TextsFit(fits));

        internal override Int128? Moves(Draft draft) => MoneyByHand.Moves(draft, Parts);

        internal override bool IsKnown(Draft draft) => Parts.All(part => part.IsKnown(draft));
    }

    /// <summary>Approves a proposal and carries it out, both or neither. The approver is the actor of <see cref="Command.Audit"/>, and not the
    /// proposer.</summary>
    /// <param name="Hash">What the approver saw: <see cref="Ledger.Proposal.Hash"/>.</param>
    /// <param name="Action">The proposed command. The ledger compares it with the stored content.</param>
    public sealed record ApproveProposal(string Org, string Proposal, string Hash, Command Action) : Command
    {
        public override bool Governs => true;

        public override string? OrgId => Org;

        public override bool IsMoneyByHand => Action.IsMoneyByHand;

        internal override Outcome Decide(Draft draft) => ProposalRules.Approve(draft, this);

        internal override void Touch(Footprint footprint)
        {
            footprint.Object(Org, ObjectKind.Proposal, Proposal);
            footprint.Add(Action);
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org) && fits(Proposal) && fits(Hash) && Action.TextsFit(fits);
    }

    /// <summary>Closes a proposal; nothing is carried out.</summary>
    public sealed record RejectProposal(string Org, string Proposal, string Hash, string Reason) : Command
    {
        public override string? OrgId => Org;

        internal override Outcome Decide(Draft draft) => ProposalRules.Reject(draft, this);

        internal override void Touch(Footprint footprint) => footprint.Object(Org, ObjectKind.Proposal, Proposal);

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org) && fits(Proposal) && fits(Hash) && fits(Reason);
    }
}
