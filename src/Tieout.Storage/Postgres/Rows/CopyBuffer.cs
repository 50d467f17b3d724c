using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Tieout.Core;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>Rows in PostgreSQL's binary COPY format, put together in memory. A field costs a few nanoseconds: no boxing, no type look-up.</summary>
internal sealed class CopyBuffer : IDisposable
{
    private static readonly byte[] Header = [.. "PGCOPY\n"u8, 0xFF, .. "\r\n"u8, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(64 * 1024);
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public void Begin()
    {
        _length = 0;
        Header.CopyTo(Room(Header.Length));
    }

    /// <summary>Begins a row of so many fields.</summary>
    public void Row(int fields) => BinaryPrimitives.WriteInt16BigEndian(Room(2), (short)fields);

    public void End() => BinaryPrimitives.WriteInt16BigEndian(Room(2), -1);

    public void Int(int value)
    {
        var room = Room(8);
        BinaryPrimitives.WriteInt32BigEndian(room, 4);
        BinaryPrimitives.WriteInt32BigEndian(room[4..], value);
    }

    public void OptionalInt(int? value)
    {
        if (value is { } number) Int(number);
        else Null();
    }

    public void Long(long value)
    {
        var room = Room(12);
        BinaryPrimitives.WriteInt32BigEndian(room, 8);
        BinaryPrimitives.WriteInt64BigEndian(room[4..], value);
    }

    /// <summary>A whole number as PostgreSQL's numeric: its digits to the base of 10,000, the first ones first.</summary>
    public void Numeric(Int128 value)
    {
        const int digitsMax = 10;
        Span<short> digits = stackalloc short[digitsMax];
        var first = digitsMax;
        for (var rest = UInt128.CreateTruncating(value < 0 ? unchecked(-value) : value); rest != 0; rest /= 10_000) digits[--first] = (short)(rest % 10_000);
        digits = digits[first..];
        var weight = digits.Length - 1;
        digits = digits.TrimEnd((short)0);
        var room = Room(12 + (2 * digits.Length));
        BinaryPrimitives.WriteInt32BigEndian(room, 8 + (2 * digits.Length));
        BinaryPrimitives.WriteInt16BigEndian(room[4..], (short)digits.Length);
        BinaryPrimitives.WriteInt16BigEndian(room[6..], (short)(digits.IsEmpty ? 0 : weight));
        BinaryPrimitives.WriteInt16BigEndian(room[8..], (short)(value < 0 ? 0x4000 : 0));
        BinaryPrimitives.WriteInt16BigEndian(room[10..], 0);
        for (var i = 0; i < digits.Length; i++) BinaryPrimitives.WriteInt16BigEndian(room[(12 + (2 * i))..], digits[i]);
    }

    public void Id(Guid? value)
    {
        if (value is not { } id)
        {
            Null();
            return;
        }

        var room = Room(20);
        BinaryPrimitives.WriteInt32BigEndian(room, 16);
        id.TryWriteBytes(room[4..], bigEndian: true, out _);
    }

    public void Text(string? value)
    {
        if (value is null)
        {
            Null();
            return;
        }

        Reserve(4 + Encoding.UTF8.GetMaxByteCount(value.Length));
        var written = Encoding.UTF8.GetBytes(value, _bytes.AsSpan(_length + 4));
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_length), written);
        _length += 4 + written;
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        var room = Room(4 + value.Length);
        BinaryPrimitives.WriteInt32BigEndian(room, value.Length);
        value.CopyTo(room[4..]);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private void Null() => BinaryPrimitives.WriteInt32BigEndian(Room(4), -1);

    private Span<byte> Room(int bytes)
    {
        Reserve(bytes);
        _length += bytes;
        return _bytes.AsSpan(_length - bytes, bytes);
    }

    private void Reserve(int bytes)
    {
        if (_length + bytes > _bytes.Length) _bytes = PooledBytes.Grown(_bytes, _length, _length + bytes);
    }
}
