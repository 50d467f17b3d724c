namespace Tieout.Core.Ledger.RowIndex;

/// <summary>Some hundred entries of a run, ascending.</summary>
/// <param name="First">The first entry.</param>
/// <param name="Bytes">The others: of each how far its key is behind the one before and how far its row is from the row before, in groups of seven bits, the
/// lowest first (LEB128; the row zigzag).</param>
public sealed record IdBlock(IdEntry First, byte[] Bytes)
{
    /// <summary>Two blocks fill a page of SQLite (4,096 bytes), four a page of PostgreSQL (8,192 bytes), which stores no more than 2,032 bytes of a row in
    /// it.</summary>
    public const int BytesMax = 1_900;

    /// <summary>Two numbers of 64 bits.</summary>
    private const int EntryBytesMax = 2 * Leb128.BytesMax;

    /// <param name="entries">Ascending.</param>
    public static List<IdBlock> Cut(ReadOnlySpan<IdEntry> entries)
    {
        var blocks = new List<IdBlock>();
        Span<byte> bytes = stackalloc byte[BytesMax];
        for (var next = 0; next < entries.Length;)
        {
            var (first, last, length) = (entries[next], entries[next], 0);
            for (next++; next < entries.Length && length + EntryBytesMax <= BytesMax; next++)
            {
                var (key, seq) = (entries[next].Key - last.Key, entries[next].Seq - last.Seq);
                Leb128.Write((ulong)key, bytes, ref length);
                Leb128.Write(unchecked((ulong)((seq << 1) ^ (seq >> 63))), bytes, ref length);
                last = entries[next];
            }

            blocks.Add(new(first, bytes[..length].ToArray()));
        }

        return blocks;
    }

    /// <summary>All entries of a block, ascending.</summary>
    /// <returns>Null: no such bytes are ever written.</returns>
    public static List<IdEntry>? Entries(IdEntry first, ReadOnlySpan<byte> bytes)
    {
        var entries = new List<IdEntry>(1 + bytes.Length / 4);
        return TryRead(first, bytes, entries.Add) ? entries : null;
    }

    /// <summary>Hands on the entries of a block one by one, ascending.</summary>
    /// <returns>False: no such bytes are ever written. The entries before the first bad byte have been handed on.</returns>
    public static bool TryRead(IdEntry first, ReadOnlySpan<byte> bytes, Action<IdEntry> take)
    {
        take(first);
        for (var last = first; !bytes.IsEmpty;)
        {
            if (Leb128.Read(ref bytes) is not { } key || Leb128.Read(ref bytes) is not { } seq) return false;
            var entry = unchecked(new IdEntry(last.Key + (long)key, last.Seq + ((long)(seq >> 1) ^ -(long)(seq & 1))));
            if (entry <= last) return false;
            take(entry);
            last = entry;
        }

        return true;
    }
}
