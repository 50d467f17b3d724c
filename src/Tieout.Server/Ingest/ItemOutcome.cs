using Tieout.Core.Metering;

namespace Tieout.Server.Ingest;

/// <summary>What became of one item.</summary>
/// <param name="Usage">The usage record it is; null: none.</param>
/// <param name="Why">Of a conflict or a refusal.</param>
internal sealed record ItemOutcome(UsageItem Item, ItemStatus Status, AttemptId? Usage, ItemRefusal? Why = null)
{
    public static ItemOutcome Refused(UsageItem item) => new(item, ItemStatus.Refused, null, item.Refusal);
}

internal enum ItemStatus
{
    /// <summary>Charged now.</summary>
    Accepted,

    /// <summary>Charged before; nothing was done.</summary>
    Replayed,

    /// <summary>Its id stands with other content; nothing was done.</summary>
    Conflict,

    /// <summary>It breaks a join contract: it is kept, and charged when a person releases it.</summary>
    Quarantined,

    /// <summary>It says nothing that can be charged; sent again as it is, it is refused again.</summary>
    Refused,
}
