namespace Tieout.Core.Ledger.Recounts;

/// <param name="Status">The provider's; 0: it gave no answer.</param>
public readonly record struct StatusKey(RecountKey Of, int Status);

/// <summary>How many usage rows of one stretch of time and one set of labels ended with one status.</summary>
public sealed class StatusLine(StatusKey key)
{
    public StatusKey Key { get; } = key;

    public long Attempts { get; set; }

    /// <summary>When the newest of them occurred, in microseconds.</summary>
    public long LastAt { get; set; } = long.MinValue;

    public void Count(in CountedUsage usage)
    {
        Attempts++;
        LastAt = Math.Max(LastAt, usage.OccurredAt.UnixMicros);
    }

    /// <summary>Adds another line of the same org.</summary>
    public void Add(StatusLine other)
    {
        Attempts += other.Attempts;
        LastAt = Math.Max(LastAt, other.LastAt);
    }
}
