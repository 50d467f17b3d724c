using System.Collections.Immutable;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <content>Money in, and corrections.</content>
public abstract partial record Command
{
    /// <summary>Money in: bought credit (prepaid) or a payment (postpaid).</summary>
    public sealed record TopUp(string Id, string Org, Amount Amount) : Command
    {
        public override string? OrgId => Org;

        public override string Title => $"top-up {Id}";

        public override bool IsMoneyByHand => true;

        internal override Outcome Decide(Draft draft) => MoneyRules.TopUp(draft, this);

        internal override void Touch(Footprint footprint) => footprint.Command(Org, Id);

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Id) && fits(Org);

        internal override Int128? Moves(Draft draft) => Int128.Abs(Amount.Nanos);

        internal override bool IsKnown(Draft draft) => draft.Command(Org, Id) is not null;
    }

    /// <summary>Free credit, used before bought credit.</summary>
    public sealed record Grant(string Id, string Org, Amount Amount, int Priority, Instant? ExpiresAt) : Command
    {
        public override string? OrgId => Org;

        public override string Title => $"grant {Id}";

        public override bool IsMoneyByHand => true;

        internal override Outcome Decide(Draft draft) => MoneyRules.Grant(draft, this);

        internal override void Touch(Footprint footprint) => footprint.Command(Org, Id);

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Id) && fits(Org);

        internal override Int128? Moves(Draft draft) => Int128.Abs(Amount.Nanos);

        internal override bool IsKnown(Draft draft) => draft.Command(Org, Id) is not null;
    }

    /// <summary>Takes back what is left of a grant that has expired, as far as no open hold needs it.</summary>
    public sealed record ExpireGrant(string Org, string GrantId) : Command
    {
        public override string? OrgId => Org;

        internal override Outcome Decide(Draft draft) => MoneyRules.ExpireGrant(draft, this);

        internal override void Touch(Footprint footprint)
        {
            // Open grants are part of their account, which a book always holds.
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(GrantId) && fits(Org);
    }

    /// <summary>Charges a usage record that stands without its charge posting: what a bug left out, never what a caller forgot.</summary>
    /// <param name="Usage">The record's number.</param>
    /// <param name="Reason">The finding that justifies it. Stored with the posting.</param>
    public sealed record ChargeRecorded(string Id, string Org, long Usage, string Reason) : Command
    {
        public override string? OrgId => Org;

        public override string Title => $"charge {Id}";

        public override bool IsMoneyByHand => true;

        internal override Outcome Decide(Draft draft) => CorrectionRules.Charge(draft, this);

        internal override void Touch(Footprint footprint)
        {
            footprint.Command(Org, Id);
            footprint.Recorded(Usage);
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Id) && fits(Org) && fits(Reason);

        internal override Int128? Moves(Draft draft) => Int128.Abs(draft.Recorded(Usage)?.Charge.Nanos ?? 0);

        internal override bool IsKnown(Draft draft) => draft.Command(Org, Id) is not null;
    }

    /// <summary>Takes a posting back and, unless <paramref name="NewAmount"/> is null, enters it anew (L7).</summary>
    /// <param name="Reason">The finding or words that justify it. Stored with both postings.</param>
    public sealed record Correct(string Id, string Org, long Posting, Amount? NewAmount, string Reason) : Command
    {
        /// <inheritdoc cref="Ledger.Posting.IsPostingRepair"/>
        public bool IsPostingRepair { get; init; }

        public override bool IsDecidedAlone => true;

        public override string? OrgId => Org;

        public override string Title => $"correction {Id}";

        public override bool IsMoneyByHand => true;

        internal override Outcome Decide(Draft draft) => CorrectionRules.Correct(draft, this);

        internal override void Touch(Footprint footprint)
        {
            footprint.Command(Org, Id);
            footprint.Posting(Posting);
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Id) && fits(Org) && fits(Reason);

        internal override Int128? Moves(Draft draft) => Int128.Abs((NewAmount?.Nanos ?? 0) - (draft.Posting(Posting)?.Posting.Amount.Nanos ?? 0));

        internal override bool IsKnown(Draft draft) => draft.Command(Org, Id) is not null;
    }

    /// <summary>Reverses charges and makes others in their place (L7): all of it or nothing, reversals first, so that no moment has both.</summary>
    /// <param name="Reversals">Corrections without new amounts. The rule leaves a posting alone that is reversed already.</param>
    /// <param name="Charges">Facts of the same org. The rule leaves a charge alone that is recorded already.</param>
    public sealed record Recharge(string Org, ImmutableArray<Correct> Reversals, ImmutableArray<Charge> Charges) : Command
    {
        public IEnumerable<Command> Parts => [.. Reversals, .. Charges];

        public override bool IsDecidedAlone => true;

        public override string? OrgId => Org;

        public override bool IsMoneyByHand => true;

        internal override Outcome Decide(Draft draft) => CorrectionRules.Recharge(draft, this);

        internal override void Touch(Footprint footprint)
        {
            foreach (var part in Parts) footprint.Add(part);
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org) && Parts.All(part => part.TextsFit(fits));

        internal override Int128? Moves(Draft draft) => MoneyByHand.Moves(draft, Parts);

        internal override bool IsKnown(Draft draft) => Parts.All(part => part.IsKnown(draft));
    }
}
