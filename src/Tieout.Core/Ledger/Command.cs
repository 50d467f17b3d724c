using System.Collections.Immutable;
using Tieout.Core.Budgets;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Ledger;

/// <summary>Something that is to change money, usage, or what governs them. Exactly one of the cases below.</summary>
/// <remarks>Every command bears an id under which it counts once, for ever (L3): the attempt's, the caller's, or the name of what it sets.</remarks>
public abstract record Command
{
    private Command() { }

    /// <summary>The administrative action that the command carries out: recorded in the same commit (U1). Null: no person asked for it.</summary>
    public AuditAction? Audit { get; init; }

    /// <summary>Whether what governs money changes: such a command is decided alone, with nothing in flight.</summary>
    public virtual bool Governs => false;

    /// <summary>Whether the decision reads a sum that the last such command wrote, so that it must be decided alone.</summary>
    public bool IsAddedUp => Audit?.Approval is not null;

    /// <summary>Opens an org and its accounts. Its id is the org's.</summary>
    public sealed record OpenOrg(Org Org) : Command
    {
        public override bool Governs => true;
    }

    /// <summary>Sets a budget, or changes its limit. Its id is the budget's.</summary>
    public sealed record SetBudget(Budget Budget) : Command
    {
        public override bool Governs => true;
    }

    /// <summary>Closes every period of an org up to and including <paramref name="Through"/>: none of them ever changes again (I2).</summary>
    public sealed record ClosePeriod(string Org, Month Through) : Command
    {
        public override bool Governs => true;
    }

    /// <summary>Records a setting that the ledger keeps but does not read: a team, a project, a key, a price list ...</summary>
    /// <param name="Org">The org it belongs to, or empty for the platform's own.</param>
    /// <param name="Once">The name can be taken only once: other content under it is a conflict. Else the newest content counts.</param>
    public sealed record Record(SettingKind Kind, string Org, string Name, string Body, bool Once) : Command
    {
        public override bool Governs => true;
    }

    /// <summary>Money in: bought credit (prepaid) or a payment (postpaid).</summary>
    public sealed record TopUp(string Id, string Org, Amount Amount) : Command;

    /// <summary>Free credit, used before bought credit.</summary>
    public sealed record Grant(string Id, string Org, Amount Amount, int Priority, Instant? ExpiresAt) : Command;

    /// <summary>Takes back what is left of a grant that has expired, as far as no open hold needs it.</summary>
    public sealed record ExpireGrant(string Org, string GrantId) : Command;

    /// <summary>Sets money aside for an attempt.</summary>
    /// <param name="Lifetime">From the decision on, by the ledger's own clock: an expiry by the clock of another machine could have passed already. A replay has the same.</param>
    public sealed record PlaceHold(AttemptId Id, UsageLabels Labels, string? EndUser, string OperationId, Amount Amount, TimeSpan Lifetime) : Command
    {
        /// <summary>The attempt as a step of its envelope, appended with the hold; null: there is no envelope.</summary>
        public LineageAppend? Lineage { get; init; }
    }

    /// <summary>Ends a hold with what the attempt used: usage record, charge, release, in one.</summary>
    public sealed record Settle(PricedUsage Usage) : Command
    {
        /// <summary>Calls that the provider ran inside the attempt: each a record and a charge of its own, all of them or none (B3).</summary>
        public ImmutableArray<PricedUsage> Inside { get; init; } = [];
    }

    /// <summary>Ends a hold of which nothing was used: the attempt never reached a provider.</summary>
    public sealed record Release(AttemptId Id) : Command;

    /// <summary>Ends a hold whose time is over.</summary>
    public sealed record ExpireHold(AttemptId Id) : Command;

    /// <summary>Charges usage that was measured without a hold.</summary>
    /// <param name="Fact">The money is spent already: never refused for lack of headroom, but flagged as an overrun (L2).</param>
    public sealed record Charge(PricedUsage Usage, bool Fact) : Command
    {
        /// <summary>How far a fact and the other charges of its day may take the org beyond a hard limit; beyond that it is refused as if it were no fact. Null: no cap.</summary>
        public Amount? BeyondMax { get; init; }

        /// <inheritdoc cref="PlaceHold.Lineage"/>
        public LineageAppend? Lineage { get; init; }
    }

    /// <summary>Appends to an envelope's lineage where it went: a queue, a worker. Its id is its place in the lineage; no money moves.</summary>
    public sealed record RecordHop(string Org, string OperationId, LineageAppend Lineage) : Command;

    /// <summary>Records what a provider keeps for an org. Its id is the object's own, within org and kind.</summary>
    public sealed record KeepObject(ProviderObject Object) : Command;

    /// <summary>Records that nothing more comes of an object.</summary>
    /// <param name="Body">JSON: how it ended. The same again is a replay, another a conflict.</param>
    public sealed record EndObject(string Org, ObjectKind Kind, string Id, string Body) : Command;

    /// <summary>Charges a usage record that stands without its charge posting: what a bug left out, never what a caller forgot.</summary>
    /// <param name="Usage">The record's number.</param>
    /// <param name="Reason">The finding that justifies it. Stored with the posting.</param>
    public sealed record ChargeRecorded(string Id, string Org, long Usage, string Reason) : Command;

    /// <summary>Takes a posting back and, unless <paramref name="NewAmount"/> is null, enters it anew (L7).</summary>
    /// <param name="Reason">The finding or words that justify it. Stored with both postings.</param>
    public sealed record Correct(string Id, string Org, long Posting, Amount? NewAmount, string Reason) : Command;

    /// <summary>Takes charges back and makes others in their place (L7): all of it or nothing, first back, so that no moment has both.</summary>
    /// <param name="Reversals">Without new amounts. A posting that is taken back already stays so.</param>
    /// <param name="Charges">Facts, of the same org. One that stands already stays so.</param>
    public sealed record Recharge(string Org, ImmutableArray<Correct> Reversals, ImmutableArray<Charge> Charges) : Command
    {
        public IEnumerable<Command> Parts => [.. Reversals, .. Charges];
    }

    /// <summary>Carries out several commands of one org, all of them or none (B3). Each part has its own id, so sending it again is safe.</summary>
    public sealed record Together(string Org, ImmutableArray<Command> Parts) : Command
    {
        public override bool Governs => true;
    }

    /// <summary>Approves a proposal and carries it out, both or neither. The approver is the actor of <see cref="Command.Audit"/>, and not the proposer.</summary>
    /// <param name="Hash">What the approver saw: <see cref="Ledger.Proposal.Hash"/>.</param>
    /// <param name="Action">The proposed command. The ledger compares it with the stored content.</param>
    public sealed record ApproveProposal(string Org, string Proposal, string Hash, Command Action) : Command
    {
        public override bool Governs => true;
    }

    /// <summary>Closes a proposal; nothing is carried out.</summary>
    public sealed record RejectProposal(string Org, string Proposal, string Hash, string Reason) : Command;

    /// <summary>Only records <see cref="Command.Audit"/>: an action that changes nothing in the ledger, or one that was refused before it got there.</summary>
    /// <param name="Org">The org it was about, or empty for the platform.</param>
    /// <param name="Result">The recorded outcome: <c>done</c>, or <c>refused:reason</c>.</param>
    public sealed record RecordAudit(string Org, string Result) : Command;

    /// <summary>Puts a message into the outbox that no other command tells: an alert, a refusal. No money moves by it.</summary>
    /// <param name="Id">Counts once within the org: the same content again is a replay, another a conflict.</param>
    /// <param name="Org">Whom it is about, or empty for the platform.</param>
    /// <param name="Type">For example <c>alert.spool_backlog</c>.</param>
    /// <param name="Body">A JSON object.</param>
    public sealed record Announce(string Id, string Org, string Type, string Body) : Command;
}

/// <summary>A usage record with its price.</summary>
/// <param name="Price">The price it was charged at, complete, so that the charge can be recomputed (M3); null: no price is known.</param>
/// <param name="ProviderCost">What the provider takes.</param>
/// <param name="Charge">What the org pays; zero or more.</param>
public sealed record PricedUsage(UsageRecord Usage, ResolvedPrice? Price, Amount ProviderCost, Amount Charge);

/// <summary>What a setting is. The numbers are stored and never change.</summary>
public enum SettingKind
{
    Org = 0,
    Budget = 1,
    ClosedPeriod = 2,
    Team = 3,
    Project = 4,
    Key = 5,
    PriceList = 6,
    PricePolicy = 7,

    /// <summary>A signing key of identity envelopes; its secret is not in it.</summary>
    EnvelopeKey = 8,

    /// <summary>Evidence that cost was about to be bound to another tenant; named <c>code:...</c>. Opens a finding with that code.</summary>
    IdentityFinding = 9,

    /// <summary>An envelope that was revoked by hand, by its issuance id.</summary>
    RevokedIssuance = 12,
    AdminToken = 10,

    /// <summary>An issued invoice or credit note, by its number. Recorded once, so it never changes.</summary>
    BillingDocument = 20,

    /// <summary>A finding of a reconciliation, by its id; the newest content says how it stands. The first opens it.</summary>
    Finding = 30,

    /// <summary>Whether an org's money may be adjusted by hand.</summary>
    AdjustmentFreeze = 32,

    /// <summary>An endpoint of webhooks; its secret is not in it.</summary>
    Webhook = 40,

    /// <summary>A time that something was wrong with the platform, from its beginning to its end.</summary>
    AlertEpisode = 41,

    /// <summary>The last day that a daily job was done for.</summary>
    DailyRun = 42,

    /// <summary>What tells whether a server has the same secrets as the others, and nothing about them.</summary>
    SecretMark = 43,

    /// <summary>Since when another book is further off than is normal, by its name in the configuration; the newest content says how it stands.</summary>
    SurfaceDrift = 44,

    /// <summary>The sum that a person moved by hand in an org on a day without a second person, by the name of the token (its id, where it has no name). The newest content counts.</summary>
    MovedAlone = 45,

    /// <summary>An incident, by its number; the newest content says how it stands, and every one of them is kept.</summary>
    Incident = 50,

    /// <summary>What was noted of one. Recorded once.</summary>
    IncidentNote = 51,

    /// <summary>How rows stood before or after something was done to them. Recorded once.</summary>
    Evidence = 52,

    /// <summary>A command that was refused because of a fault of the ledger, complete, and what happened. Recorded once; opens a finding.</summary>
    Quarantine = 60,
}
