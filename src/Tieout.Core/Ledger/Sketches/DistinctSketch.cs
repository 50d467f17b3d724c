using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Tieout.Core.Ledger.RowIndex;

namespace Tieout.Core.Ledger.Sketches;

/// <summary>How many distinct end users there are: exact up to 500, beyond that an estimate with a standard error of 1.63 % (HyperLogLog with 4,096
/// registers).</summary>
/// <remarks>Two sketches are merged without counting a user twice. Neither the order of users nor how often one comes changes anything: the same users always
/// have the same bytes, at most 3,072. One thread at a time.</remarks>
public sealed class DistinctSketch
{
    /// <summary>So many users are stored one by one.</summary>
    public const int ExactMax = 500;

    /// <summary>Of an estimate, in hundredths of a per cent: 1.04 / √4,096.</summary>
    public const int StandardErrorBasisPoints = 163;

    private const int HashBytes = 6;

    private const int HashBits = 8 * HashBytes;

    private const int IndexBits = 12;

    private const int RankMax = HashBits - IndexBits + 1;

    /// <summary>Four registers of six bits are three bytes.</summary>
    private const int RegisterBytes = (1 << IndexBits) / 4 * 3;

    private const int WaitingMax = 256;

    private readonly List<ulong> _waiting = [];

    /// <summary>Ascending; none where there are registers.</summary>
    private readonly List<ulong> _hashes = [];

    private byte[]? _registers;

    /// <summary>Whether <see cref="Count"/> is exact.</summary>
    public bool IsExact
    {
        get
        {
            Sort();
            return _registers is null;
        }
    }

    /// <summary>Distinct users, exact or estimated.</summary>
    public long Count
    {
        get
        {
            Sort();
            return _registers is null ? _hashes.Count : CardinalityEstimate.Of(_registers, RankMax);
        }
    }

    /// <summary>The hash of a user of an org. The same id in another org is another user.</summary>
    /// <param name="org">Number of the org's first account.</param>
    /// <param name="endUser">Of <see cref="IdEntry.WideHashOf"/>.</param>
    /// <returns>A number of 48 bits. The same on every machine: it is stored.</returns>
    public static ulong HashOf(int org, ulong endUser) => RowDigest.Mixed(endUser ^ RowDigest.Mixed((ulong)org)) >> (64 - HashBits);

    /// <summary>Up to 500 users: six bytes each, ascending. Beyond: the registers. Which of both follows from the length.</summary>
    public byte[] Bytes()
    {
        Sort();
        if (_registers is { } registers) return Packed(registers);
        var bytes = new byte[_hashes.Count * HashBytes];
        Span<byte> whole = stackalloc byte[sizeof(ulong)];
        for (var i = 0; i < _hashes.Count; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(whole, _hashes[i]);
            whole[(sizeof(ulong) - HashBytes)..].CopyTo(bytes.AsSpan(i * HashBytes));
        }

        return bytes;
    }

    /// <returns>Null: no such bytes are ever written.</returns>
    public static DistinctSketch? Read(ReadOnlySpan<byte> bytes)
    {
        var sketch = new DistinctSketch();
        if (bytes.Length == RegisterBytes) return (sketch._registers = Unpacked(bytes)) is null ? null : sketch;
        if (bytes.Length % HashBytes != 0 || bytes.Length > ExactMax * HashBytes) return null;
        Span<byte> whole = stackalloc byte[sizeof(ulong)];
        whole.Clear();
        for (; !bytes.IsEmpty; bytes = bytes[HashBytes..])
        {
            bytes[..HashBytes].CopyTo(whole[(sizeof(ulong) - HashBytes)..]);
            var hash = BinaryPrimitives.ReadUInt64BigEndian(whole);
            if (sketch._hashes.Count > 0 && hash <= sketch._hashes[^1]) return null;
            sketch._hashes.Add(hash);
        }

        return sketch;
    }

    /// <param name="hash">Of <see cref="HashOf"/>.</param>
    public void Add(ulong hash)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(hash, 1UL << HashBits);
        if (_registers is { } registers)
        {
            Raise(registers, hash);
            return;
        }

        _waiting.Add(hash);
        if (_waiting.Count == WaitingMax) Sort();
    }

    public void Add(DistinctSketch other)
    {
        other.Sort();
        if (other._registers is not { } more)
        {
            foreach (var hash in other._hashes) Add(hash);
            return;
        }

        Sort();
        var registers = Registers();
        for (var i = 0; i < registers.Length; i++) registers[i] = Math.Max(registers[i], more[i]);
    }

    /// <summary>Sorts what waits into the users that are known, in place.</summary>
    private void Sort()
    {
        if (_waiting.Count == 0) return;
        _waiting.Sort();
        var added = CollectionsMarshal.AsSpan(_waiting);
        var known = _hashes.Count;
        var (i, used) = (0, 0);
        foreach (var hash in added)
        {
            while (i < known && _hashes[i] < hash) i++;
            if ((i == known || _hashes[i] != hash) && (used == 0 || added[used - 1] != hash)) added[used++] = hash;
        }

        CollectionsMarshal.SetCount(_hashes, known + used);
        var hashes = CollectionsMarshal.AsSpan(_hashes);
        for (var to = hashes.Length - 1; used > 0; to--) hashes[to] = known > 0 && hashes[known - 1] > added[used - 1] ? hashes[--known] : added[--used];
        _waiting.Clear();
        if (_hashes.Count > ExactMax) Registers();
    }

    /// <summary>The registers, made of the users that are known unless there are registers already.</summary>
    private byte[] Registers()
    {
        if (_registers is { } made) return made;
        var registers = new byte[1 << IndexBits];
        foreach (var hash in _hashes) Raise(registers, hash);
        _hashes.Clear();
        _hashes.TrimExcess();
        return _registers = registers;
    }

    /// <summary>The first bits of a hash choose its register, which holds the most zeros that followed them, plus one.</summary>
    private static void Raise(byte[] registers, ulong hash)
    {
        var index = (int)(hash >> (HashBits - IndexBits));
        var rank = (byte)Math.Min(RankMax, BitOperations.LeadingZeroCount(hash << (64 - HashBits + IndexBits)) + 1);
        if (registers[index] < rank) registers[index] = rank;
    }

    private static byte[] Packed(byte[] registers)
    {
        var bytes = new byte[RegisterBytes];
        for (var (i, to) = (0, 0); i < registers.Length; i += 4)
        {
            var four = registers[i] << 18 | registers[i + 1] << 12 | registers[i + 2] << 6 | registers[i + 3];
            bytes[to++] = (byte)(four >> 16);
            bytes[to++] = (byte)(four >> 8 & 0xFF);
            bytes[to++] = (byte)(four & 0xFF);
        }

        return bytes;
    }

    private static byte[]? Unpacked(ReadOnlySpan<byte> bytes)
    {
        var registers = new byte[1 << IndexBits];
        for (var i = 0; i < registers.Length; i++)
        {
            var from = bytes[(i / 4 * 3)..];
            var four = from[0] << 16 | from[1] << 8 | from[2];
            registers[i] = (byte)(four >> (6 * (3 - i % 4)) & 0x3F);
            if (registers[i] > RankMax) return null;
        }

        return registers;
    }
}
