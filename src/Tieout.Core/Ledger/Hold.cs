using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>Money set aside for one attempt in flight: on the org's account and on every budget window of its scope.</summary>
/// <param name="Seq">Its place among all holds, from 1.</param>
/// <param name="Labels">Number of its labels. Those of the upstream first chosen; the scope among them is final.</param>
/// <param name="HeldAt">When it was decided. Decides its windows, and those of the charge that settles it.</param>
/// <param name="ExpiresAt">From then on it may be expired, so that a dead gateway cannot hold money for ever.</param>
public sealed record Hold(
    AttemptId Id, long Seq, int Labels, UsageLabels Scope, string? EndUser, string OperationId, Amount Amount, Instant HeldAt, Instant ExpiresAt);

/// <summary>The numbers are stored and never change.</summary>
public enum HoldState
{
    Open = 0,
    Settled = 1,
    Released = 2,
    Expired = 3,
}

/// <summary>All that is known of one attempt: its hold, if it had one, and its charge, if it came to one.</summary>
public sealed record Attempt(Hold? Hold, HoldState State, UsageRow? Usage)
{
    /// <summary>Its id is taken, and its rows are in an archive.</summary>
    public static Attempt Archived { get; } = new(Hold: null, HoldState.Settled, Usage: null);

    public bool IsArchived => Hold is null && Usage is null;
}
