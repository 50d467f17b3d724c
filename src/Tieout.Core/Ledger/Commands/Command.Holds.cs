using System.Collections.Immutable;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <content>Holds and charges.</content>
public abstract partial record Command
{
    /// <summary>Sets money aside for an attempt.</summary>
    /// <param name="Lifetime">From the decision on, by the ledger's own clock: an expiry by the clock of another machine could have passed already. A replay
    /// has the same.</param>
    public sealed record PlaceHold(AttemptId Id, UsageLabels Labels, string? EndUser, string OperationId, Amount Amount, TimeSpan Lifetime) : Command
    {
        /// <summary>The attempt as a step of its envelope, appended with the hold; null: there is no envelope.</summary>
        public LineageAppend? Lineage { get; init; }

        public override string? OrgId => Labels.Org;

        public override AttemptId? AttemptId => Id;

        public override string Title => $"hold {Id}";

        internal override Outcome Decide(Draft draft) => HoldRules.Place(draft, this);

        internal override void Touch(Footprint footprint)
        {
            footprint.Attempt(Id);
            if (Lineage is { } step) footprint.Lineage(Labels.Org, OperationId, step);
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) =>
            Labels.TextsFit(fits) && fits(EndUser) && fits(OperationId) && Lineage?.TextsFit(fits) is not false;
    }

    /// <summary>Ends a hold with what the attempt used: usage record, charge, release, in one.</summary>
    public sealed record Settle(PricedUsage Usage) : Command
    {
        /// <summary>Calls that the provider ran inside the attempt: each a record and a charge of its own, all of them or none (B3).</summary>
        public ImmutableArray<PricedUsage> Inside { get; init; } = [];

        public override string? OrgId => Usage.Usage.Labels.Org;

        public override AttemptId? AttemptId => Usage.Usage.Id;

        public override string Title => $"usage {Usage.Usage.Id}";

        public override bool IsMoneyByHand => true;

        internal override Outcome Decide(Draft draft) => ChargeRules.Settle(draft, this);

        internal override void Touch(Footprint footprint)
        {
            footprint.Ending(Usage.Usage.Id);
            foreach (var part in Inside) footprint.Attempt(part.Usage.Id);
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits)
        {
            if (!Usage.Usage.TextsFit(fits)) return false;
            foreach (var part in Inside)
            {
                if (!part.Usage.TextsFit(fits)) return false;
            }

            return true;
        }

        internal override Int128? Moves(Draft draft) =>
            Int128.Abs(Usage.Charge.Nanos) + Inside.Aggregate(Int128.Zero, static (sum, part) => sum + Int128.Abs(part.Charge.Nanos));

        internal override bool IsKnown(Draft draft) => draft.Attempt(Usage.Usage.Id)?.Usage is not null;
    }

    /// <summary>Ends a hold of which nothing was used: the attempt never reached a provider.</summary>
    public sealed record Release(AttemptId Id) : Command
    {
        public override string? OrgId => null;

        public override AttemptId? AttemptId => Id;

        public override string Title => $"hold {Id}";

        internal override Outcome Decide(Draft draft) => HoldRules.Release(draft, this);

        internal override void Touch(Footprint footprint) => footprint.Ending(Id);

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => true;
    }

    /// <summary>Ends a hold whose time is over.</summary>
    public sealed record ExpireHold(AttemptId Id) : Command
    {
        public override string? OrgId => null;

        public override AttemptId? AttemptId => Id;

        public override string Title => $"hold {Id}";

        internal override Outcome Decide(Draft draft) => HoldRules.Expire(draft, this);

        internal override void Touch(Footprint footprint) => footprint.Ending(Id);

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => true;
    }

    /// <summary>Charges usage that was measured without a hold.</summary>
    /// <param name="Fact">The money is spent already: never refused for lack of headroom, but flagged as an overrun (L2).</param>
    public sealed record Charge(PricedUsage Usage, bool Fact) : Command
    {
        /// <summary>How far a fact and the other charges of its day may take the org beyond a hard limit; beyond that it is refused as if it were no fact.
        /// Null: no cap.</summary>
        public Amount? BeyondMax { get; init; }

        /// <inheritdoc cref="PlaceHold.Lineage"/>
        public LineageAppend? Lineage { get; init; }

        public override string? OrgId => Usage.Usage.Labels.Org;

        public override AttemptId? AttemptId => Usage.Usage.Id;

        public override string Title => $"usage {Usage.Usage.Id}";

        public override bool IsMoneyByHand => true;

        internal override Outcome Decide(Draft draft) => ChargeRules.Charge(draft, this);

        internal override void Touch(Footprint footprint)
        {
            var usage = Usage.Usage;
            footprint.Attempt(usage.Id);
            footprint.Spent(usage.Labels, usage.EndUser, usage.OccurredAt);
            if (Lineage is { } step) footprint.Lineage(usage.Labels.Org, usage.OperationId, step);
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => Usage.Usage.TextsFit(fits) && Lineage?.TextsFit(fits) is not false;

        internal override Int128? Moves(Draft draft) => Int128.Abs(Usage.Charge.Nanos);

        internal override bool IsKnown(Draft draft) => draft.Attempt(Usage.Usage.Id)?.Usage is not null;
    }

    /// <summary>Appends to an envelope's lineage where it went: a queue, a worker. Its id is its place in the lineage; no money moves.</summary>
    public sealed record RecordHop(string Org, string OperationId, LineageAppend Lineage) : Command
    {
        public override string? OrgId => Org;

        internal override Outcome Decide(Draft draft) => LineageRules.Hop(draft, this);

        internal override void Touch(Footprint footprint) => footprint.Lineage(Org, OperationId, Lineage);

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org) && fits(OperationId) && Lineage.TextsFit(fits);
    }
}
