using System.Buffers.Binary;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>Digests of what the indexes of the largest tables list: a key and the number of its row.</summary>
/// <remarks>An index that is in order and lists what the rows say is right. So the index and its table are each read once, in their own order, where the check
/// of SQLite looks for each row in each index.</remarks>
internal readonly record struct IndexDigests(RowDigest Usage, RowDigest Holds, RowDigest Operations, RowDigest Reverses)
{
    private const int IdBytes = 16;

    /// <summary>Of one entry of an index of ids.</summary>
    /// <param name="id">16 bytes, as they are stored.</param>
    public static IdEntry Entry(ReadOnlySpan<byte> id, long seq)
    {
        var (high, low) = (BinaryPrimitives.ReadUInt64LittleEndian(id), BinaryPrimitives.ReadUInt64LittleEndian(id[8..]));
        return new(unchecked((long)(RowDigest.Mixed(high) ^ low)), seq);
    }

    /// <inheritdoc cref="Entry(ReadOnlySpan{byte}, long)"/>
    public static IdEntry Entry(Guid id, long seq)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return Entry(bytes, seq);
    }

    /// <summary>Of one entry of the index of holds by operation.</summary>
    public static IdEntry Entry(ReadOnlySpan<char> operation, long seq) =>
        new(unchecked((long)IdEntry.WideHashOf(UsageIdKind.Operation, operation)), seq);
}

/// <summary>What the rows say that their indexes list.</summary>
internal sealed class IndexedRows : IRowIndexes
{
    public IndexDigests Digests { get; private set; }

    public void Add(UsageRow row) => Digests = Digests with { Usage = Digests.Usage.With(IndexDigests.Entry(row.Usage.Id.Value, row.Seq)) };

    public void Add(Hold hold) => Digests = Digests with
    {
        Holds = Digests.Holds.With(IndexDigests.Entry(hold.Id.Value, hold.Seq)),
        Operations = Digests.Operations.With(IndexDigests.Entry(hold.OperationId, hold.Seq)),
    };

    public void Add(in Posting posting)
    {
        if (posting.Reverses > 0) Digests = Digests with { Reverses = Digests.Reverses.With(new IdEntry(posting.Reverses, posting.Seq)) };
    }
}
