namespace Tieout.Core.Ledger;

/// <summary>What a setting governs. What only happened is a <see cref="RecordKind"/>. The numbers are stored and never change.</summary>
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

    /// <summary>An envelope that was revoked by hand, by its issuance id.</summary>
    RevokedIssuance = 12,
    AdminToken = 10,

    /// <summary>Whether an org's money may be adjusted by hand.</summary>
    AdjustmentFreeze = 32,

    /// <summary>An endpoint of webhooks; its secret is not in it.</summary>
    Webhook = 40,

    /// <summary>Which actions need a bound envelope.</summary>
    GuardPolicy = 50,

    /// <summary>Lets guarded actions run without one for a short time.</summary>
    GuardOverride = 51,

    /// <summary>Which keys telemetry, usage and billing share.</summary>
    JoinContract = 60,

    /// <summary>A measure against a rising cost, for a time.</summary>
    Mitigation = 70,

    /// <summary>When figures of an org's hours are an alert.</summary>
    AlertRule = 71,
}
