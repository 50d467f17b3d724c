namespace Tieout.Core.Ledger;

/// <content>What is kept and told beside money.</content>
public abstract partial record Command
{
    /// <summary>Records what a provider keeps for an org. Its id is the object's own, within org and kind.</summary>
    public sealed record KeepObject(ProviderObject Object) : Command
    {
        public override string? OrgId => Object.Org;

        internal override Outcome Decide(Draft draft) => ObjectRules.Keep(draft, this);

        internal override void Touch(Footprint footprint) => footprint.Object(Object.Org, Object.Kind, Object.Id);

        private protected override bool OwnTextsFit(Func<string?, bool> fits) =>
            fits(Object.Org) && fits(Object.Id) && fits(Object.Key) && fits(Object.OperationId) && fits(Object.Body);
    }

    /// <summary>Records that nothing more comes of an object.</summary>
    /// <param name="Body">JSON: how it ended. The same again is a replay, another a conflict.</param>
    public sealed record EndObject(string Org, ObjectKind Kind, string Id, string Body) : Command
    {
        public override string? OrgId => Org;

        internal override Outcome Decide(Draft draft) => ObjectRules.End(draft, this);

        internal override void Touch(Footprint footprint) => footprint.Object(Org, Kind, Id);

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org) && fits(Id) && fits(Body);
    }

    /// <summary>Appends a record of something that happened. It governs nothing, so it is decided with any others.</summary>
    /// <param name="Org">The org that the record is about, or empty for the platform.</param>
    /// <param name="Body">JSON. The same as the newest record of the name has is a replay.</param>
    /// <param name="Once">The name can be taken only once: other content under it is a conflict.</param>
    public sealed record AddRecord(RecordKind Kind, string Org, string Name, string Body, bool Once) : Command
    {
        /// <summary>What the ledger announces with the record; null: nothing.</summary>
        public RecordAnnouncement? Announcement { get; init; }

        /// <summary>Of a <see cref="RecordKind.BillingDocument"/>, which one it is; null: another kind of record.</summary>
        public BillingDocumentKind? Document { get; init; }

        /// <summary>Number of the newest record of the name that the sender has read, 0 for none: if another is the newest now, the command is refused. Null:
        /// whichever is the newest.</summary>
        public long? Replaces { get; init; }

        public RecordKey Key => new(Kind, Org, Name);

        public override string? OrgId => Org;

        public override string Title => $"{Kind} {Name}";

        /// <summary>What leaves the ledger is compared with all that was decided before.</summary>
        public override bool IsDecidedAlone => Kind is RecordKind.Detachment;

        public override bool IsMoneyByHand => Kind is RecordKind.BillingDocument && Document is not BillingDocumentKind.Invoice;

        internal override Outcome Decide(Draft draft) => RecordRules.Add(draft, this);

        internal override void Touch(Footprint footprint)
        {
            footprint.Record(Key);
            if (Kind is RecordKind.Detachment) footprint.Leave(Detachment.Parse(Body).Listed);
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) =>
            fits(Org) && fits(Name) && fits(Body) && Announcement?.TextsFit(fits) is not false;

        internal override bool IsKnown(Draft draft) => draft.Record(Key) is { } known && (Once || string.Equals(known.Body, Body, StringComparison.Ordinal));
    }

    /// <summary>Only records <see cref="Command.Audit"/>: an action that changes nothing in the ledger, or one that was refused before it got there.</summary>
    /// <param name="Org">The org it was about, or empty for the platform.</param>
    /// <param name="Result">The recorded outcome: <c>done</c>, or <c>refused:reason</c>.</param>
    public sealed record RecordAudit(string Org, string Result) : Command
    {
        public override string? OrgId => Org;

        internal override Outcome Decide(Draft draft) =>
            Audit is not null ? new Outcome.Done(0, Figures.None) : throw new InvalidOperationException("A record of an action needs the action.");

        internal override void Touch(Footprint footprint)
        {
            // It looks at nothing.
        }

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org) && fits(Result);
    }

    /// <summary>Puts a message into the outbox that no other command tells: an alert, a refusal. No money moves by it.</summary>
    /// <param name="Id">Counts once within the org: the same content again is a replay, another a conflict.</param>
    /// <param name="Org">Whom it is about, or empty for the platform.</param>
    /// <param name="Type">For example <c>alert.spool_backlog</c>.</param>
    /// <param name="Body">A JSON object.</param>
    public sealed record Announce(string Id, string Org, string Type, string Body) : Command
    {
        public override bool IsDecidedAlone => true;

        public override string? OrgId => Org;

        internal override Outcome Decide(Draft draft) => OutboxRules.Announce(draft, this);

        internal override void Touch(Footprint footprint) => footprint.Message(Org, Id);

        private protected override bool OwnTextsFit(Func<string?, bool> fits) => fits(Org) && fits(Id) && fits(Type) && fits(Body);
    }
}
