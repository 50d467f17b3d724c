using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>The canonical bytes of rows, one row after another: what the CRC of each and the hash of their commit are computed over, the same in every store
/// (L8).</summary>
/// <remarks>
/// A row is the tag byte of its table and its columns in the order of the table's declaration: integers as 8 bytes little-endian (−2⁶³: null), text as its
/// UTF-8 length (−1: null) and bytes.
/// Length-prefixed, never delimited, so no two rows have the same bytes. The CRC (Castagnoli, 32 bits) finds any change of up to
/// 32 neighbouring bits and names the row.
/// </remarks>
/// <param name="bytes">Room at first; it grows.</param>
public sealed partial class RowBuffer(int bytes = RowBuffer.BytesAtFirst) : IDisposable
{
    private const int BytesAtFirst = 4_096;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(bytes);
    private int _length;
    private int _rowStart;

    /// <summary>How many bytes there are since the last <see cref="Clear"/>.</summary>
    public int Length => _length;

    /// <summary>All bytes since the last <see cref="Clear"/>. Valid until the next row.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Adds a row.</summary>
    /// <returns>Its CRC.</returns>
    public uint Add<TTable, TRow>(TRow row)
        where TTable : struct, IChainedTable<TRow>
        where TRow : ChainedRow
    {
        _rowStart = _length;
        Space(1)[0] = TTable.Tag;
        var fields = new Fields(this);
        TTable.Write(ref fields, row);
        return Crc();
    }

    /// <summary>Forgets the rows; the memory is used again.</summary>
    public void Clear() => _length = 0;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    /// <summary>Adds bytes that are not columns of a row.</summary>
    internal void Add(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Space(bytes.Length));

    /// <summary>A number that is not a column of a row.</summary>
    internal void Long(long value) => BinaryPrimitives.WriteInt64LittleEndian(Space(8), value);

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
