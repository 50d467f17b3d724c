using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tieout.Core.Ledger.RowIndex;

/// <summary>That a usage row has an id.</summary>
/// <param name="Key">The number of the org's first account (32 bits), then a hash of the id and its kind (32 bits). So ids of one org lie together, and no org
/// slows the look-ups of another. Two ids of an org may have the same key: a reader compares the ids of the rows that it finds.</param>
/// <param name="Seq">Number of the usage row.</param>
public readonly record struct IdEntry(long Key, long Seq) : IComparable<IdEntry>
{
    private const int HashBits = 32;

    /// <param name="org">Number of the org's first account.</param>
    public static long KeyOf(int org, UsageIdKind kind, ReadOnlySpan<char> id) => KeyOf(org, HashOf(kind, id));

    /// <param name="org">Number of the org's first account.</param>
    /// <param name="hash">Of <see cref="HashOf"/>.</param>
    public static long KeyOf(int org, uint hash) => ((long)org << HashBits) | hash;

    public int CompareTo(IdEntry other) => Key != other.Key ? Key.CompareTo(other.Key) : Seq.CompareTo(other.Seq);

    public static bool operator <(IdEntry left, IdEntry right) => left.CompareTo(right) < 0;

    public static bool operator >(IdEntry left, IdEntry right) => left.CompareTo(right) > 0;

    public static bool operator <=(IdEntry left, IdEntry right) => left.CompareTo(right) <= 0;

    public static bool operator >=(IdEntry left, IdEntry right) => left.CompareTo(right) >= 0;

    /// <summary>The same for the same id on every machine: it is stored.</summary>
    public static uint HashOf(UsageIdKind kind, ReadOnlySpan<char> id) => Upper(WideHashOf(kind, id));

    /// <summary>The half of a wide hash that keys have.</summary>
    public static uint Upper(ulong wide) => (uint)(wide >> HashBits);

    /// <summary>The hash that <see cref="HashOf"/> is the upper half of: two ids have the same one by chance only.</summary>
    public static ulong WideHashOf(UsageIdKind kind, ReadOnlySpan<char> id)
    {
        var bytes = MemoryMarshal.AsBytes(id);
        var hash = RowDigest.Mixed(((ulong)bytes.Length << 8) | (ulong)kind);
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..]) hash = RowDigest.Mixed(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        Span<byte> rest = stackalloc byte[sizeof(ulong)];
        rest.Clear();
        bytes.CopyTo(rest);
        return RowDigest.Mixed(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(rest));
    }
}
