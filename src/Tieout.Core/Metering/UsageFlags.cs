namespace Tieout.Core.Metering;

/// <summary>What is odd about a provider's usage block. Said on the record, never guessed away. Stored: a released value is never renumbered.</summary>
[Flags]
public enum UsageFlags
{
    None = 0,

    /// <summary>The block's own total is not the sum of its parts (hidden thinking tokens, for example).</summary>
    TotalMismatch = 1,

    /// <summary>The provider ran sub-calls (compaction, advisor ...) that the top-level counts leave out.</summary>
    HiddenSubCalls = 2,

    /// <summary>The provider's own cost figure differs from what the counts come to at the list price.</summary>
    ReportedCostDiffers = 4,

    /// <summary>More than one usage block came and they disagree; the last stands.</summary>
    UsageRepeated = 8,

    /// <summary>The stream or answer ended before its usage block: counts are estimated.</summary>
    CutShort = 16,

    /// <summary>Parts are more than their whole, for example more cached tokens than input tokens. Each part is charged; the rest of the whole counts as
    /// zero.</summary>
    PartsExceedTotal = 32,

    /// <summary>The vendor charged the client's own contract directly; the reported cost is the provider's fee alone.</summary>
    BringYourOwnKey = 64,

    /// <summary>Something was used that the price has no rate for: the charge leaves it out.</summary>
    Unpriced = 128,

    /// <summary>The answer does not say what it used, or nobody waited for it to: charged at what was held for it.</summary>
    UsageUnreadable = 1024,

    /// <summary>The provider claims so much more than was held that a part is not charged until a person decides.</summary>
    ClaimWithheld = 2048,

    /// <summary>The provider claims more calls within the call than are charged without a decision.</summary>
    SubCallsLeftOut = 4096,

    /// <summary>A mitigation sent the request to another model than the one asked for.</summary>
    ModelReplaced = 8192,

    /// <summary>A mitigation cut the beginning of the conversation off: the counts are those of the shorter request.</summary>
    ContextTruncated = 16384,
}
