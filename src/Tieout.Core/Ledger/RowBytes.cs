using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>
/// The canonical bytes of every stored row: what its CRC and the hash chain are computed over, the same in every store (L8).
/// </summary>
/// <remarks>
/// A row is the tag byte of its table and its columns in the order of the table's declaration: integers as 8 bytes little-endian (−2⁶³: null), text as its
/// UTF-8 length (−1: null) and bytes.
/// Length-prefixed, never delimited, so no two rows have the same bytes. The CRC (Castagnoli, 32 bits) finds any change of up to
/// 32 neighbouring bits and names the row; the SHA-256 chain finds everything else and names the commit.
/// </remarks>
public sealed partial class RowBytes : IDisposable
{
    private const int FlushAtBytes = 64 * 1024;

    /// <summary>Only for a commit of more bytes than the buffer takes: a hash in parts is several times as dear as a hash of one piece.</summary>
    private IncrementalHash? _sha;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FlushAtBytes + 4096);
    private int _length;
    private int _rowStart;

    /// <summary>Begins the hash of commit <paramref name="commit"/>.</summary>
    public void Begin(ReadOnlySpan<byte> previousHash, long commit, Instant recordedAt)
    {
        _length = 0;
        previousHash.CopyTo(Space(previousHash.Length));
        Long(commit);
        Long(recordedAt.UnixMicros);
    }

    /// <summary>Ends it: the hash of everything since <see cref="Begin"/>.</summary>
    public byte[] End()
    {
        var rest = _buffer.AsSpan(0, _length);
        _length = 0;
        if (_sha is null) return SHA256.HashData(rest);
        _sha.AppendData(rest);
        return _sha.GetHashAndReset();
    }

    public void Dispose()
    {
        _sha?.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void Row(byte tag)
    {
        if (_length >= FlushAtBytes)
        {
            (_sha ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256)).AppendData(_buffer.AsSpan(0, _length));
            _length = 0;
        }

        _rowStart = _length;
        Space(1)[0] = tag;
    }

    private void Long(long value) => BinaryPrimitives.WriteInt64LittleEndian(Space(8), value);

    /// <summary>8 bytes, or where they do not suffice the smallest 8-byte number and then 16 bytes: no two amounts have the same bytes.</summary>
    private void Nanos(Amount amount)
    {
        if (amount.TryToInt64(out var nanos) && nanos != long.MinValue)
        {
            Long(nanos);
            return;
        }

        Long(long.MinValue);
        BinaryPrimitives.WriteInt128LittleEndian(Space(16), amount.Nanos);
    }

    private void Id(Guid id) => id.TryWriteBytes(Space(16), bigEndian: true, out _);

    private void Text(string? text)
    {
        if (text is null)
        {
            Long(-1);
            return;
        }

        Reserve(8 + Encoding.UTF8.GetMaxByteCount(text.Length));
        var written = Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length + 8));
        Long(written);
        _length += written;
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        Long(bytes.Length);
        bytes.CopyTo(Space(bytes.Length));
    }

    private Span<byte> Space(int bytes)
    {
        Reserve(bytes);
        _length += bytes;
        return _buffer.AsSpan(_length - bytes, bytes);
    }

    private void Reserve(int bytes)
    {
        if (_length + bytes > _buffer.Length) _buffer = PooledBytes.Grown(_buffer, _length, _length + bytes);
    }

    private uint Crc()
    {
        var row = _buffer.AsSpan(_rowStart, _length - _rowStart);
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(row);
        foreach (var word in words) crc = BitOperations.Crc32C(crc, word);
        foreach (var rest in row[(words.Length * sizeof(ulong))..]) crc = BitOperations.Crc32C(crc, rest);
        return ~crc;
    }
}
