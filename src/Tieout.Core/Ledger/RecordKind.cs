namespace Tieout.Core.Ledger;

/// <summary>What a record says happened. The numbers are stored and never change.</summary>
public enum RecordKind
{
    /// <summary>How rows stood before or after something was done to them. Recorded once.</summary>
    Evidence = 1,

    /// <summary>A note on an incident, or the opening that took the incident's number. Recorded once.</summary>
    IncidentNote = 2,

    /// <summary>An incident, by its number; the newest says how it stands.</summary>
    Incident = 3,

    /// <summary>The day that a daily job was done for, by the name of the job. The newest is the last day.</summary>
    DailyRun = 4,

    /// <summary>A time that something was wrong with the platform, by its code and scope. The newest says whether it is over.</summary>
    AlertEpisode = 5,

    /// <summary>Since when another book is further off than is normal, by its name in the configuration. The newest says whether it is over.</summary>
    SurfaceDrift = 6,

    /// <summary>Shows whether a server has the same secrets as the others, and nothing about them. The newest counts.</summary>
    SecretMark = 7,

    /// <summary>A command that was refused because of a fault of the ledger, complete, and what happened. Recorded once.</summary>
    Quarantine = 8,

    /// <summary>Evidence that cost was about to be bound to another tenant. Recorded once for each hour, key, cause and tenant.</summary>
    IdentityFinding = 9,

    /// <summary>A finding of a reconciliation, by its id. The newest says how it stands.</summary>
    Finding = 10,

    /// <summary>An issued invoice or credit note, by its number. Recorded once, so it never changes.</summary>
    BillingDocument = 11,

    /// <summary>The sum that a person moved by hand in an org on a day without a second person, by the name of the token (its id, where it has no name). The
    /// newest counts.</summary>
    MovedAlone = 12,

    /// <summary>A decision of the guard; its name begins with the day in UTC. Recorded once.</summary>
    GuardDecision = 13,

    /// <summary>A use of an operation that may be used once. Recorded once, so that it is.</summary>
    GuardUse = 14,

    /// <summary>A version of a guard policy, or a step of an override: set, approved, ended. Recorded once.</summary>
    GuardChange = 15,

    /// <summary>Rows that left the ledger for an archive, with what proves the ledger without them (<see cref="Ledger.Detachment"/>). The newest
    /// counts.</summary>
    Detachment = 16,

    /// <summary>Usage that broke a join contract, complete, by the id of the usage record that it will be. The newest says how it stands.</summary>
    QuarantinedEvent = 20,

    /// <summary>A version of a join contract, or its end. Recorded once.</summary>
    ContractChange = 21,

    /// <summary>A shared cost as it was split over tenants and charged, by its name and window. Recorded once, so a window is charged once.</summary>
    SharedCost = 22,

    /// <summary>A call of a tool by an agent, by the id of the call. Recorded once, so that a call counts once.</summary>
    ToolCall = 23,

    /// <summary>What requests and answers of an hour were like, by the hour in UTC and the server that counted them. The newest counts.</summary>
    SignalHour = 24,

    /// <summary>What an audit of lineages settled of an hour that is over, by the hour in UTC (<see cref="Attribution.Audit.AuditedSpan"/>), and by
    /// <c>through</c> how far the hours go. The newest counts.</summary>
    LineageHour = 26,

    /// <summary>What policies of the guard answered in an hour that is over, by the hour in UTC, and by <c>through</c> how far the hours go.</summary>
    GuardHour = 27,

    /// <summary>A version of a mitigation, its removal or its expiry. Recorded once.</summary>
    MitigationChange = 30,

    /// <summary>A version of an alert rule, or its removal. Recorded once.</summary>
    AlertRuleChange = 31,

    /// <summary>What an incident of a cost spike says beside the incident, by its number. The newest counts.</summary>
    SpikeIncident = 32,
}

/// <summary>What a billing document does. Texts of proposals contain the numbers, so they never change.</summary>
public enum BillingDocumentKind
{
    /// <summary>Records what was charged already.</summary>
    Invoice = 1,

    /// <summary>Gives money back.</summary>
    CreditNote = 2,
}
