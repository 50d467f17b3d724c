namespace Tieout.Core.Ledger;

/// <summary>Names the records of which the newest says how something stands.</summary>
/// <param name="Org">The org that the records are about; empty: the platform.</param>
public readonly record struct RecordKey(RecordKind Kind, string Org, string Name);

/// <summary>Something that happened: appended, never changed, part of the chain (L7, L8). Read by query, never in memory; it governs nothing.</summary>
/// <param name="Seq">Its place among all records of its book, from 1.</param>
/// <param name="Body">JSON.</param>
public sealed record RecordRow(long Seq, RecordKind Kind, string Org, string Name, string Body, Instant RecordedAt, uint Crc) : ChainedRow(Crc)
{
    public RecordKey Key => new(Kind, Org, Name);
}
