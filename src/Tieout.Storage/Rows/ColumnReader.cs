using Tieout.Core;
using Tieout.Core.Money;

namespace Tieout.Storage.Rows;

/// <summary>Reads the columns of a stored row one after another, in the order of the table's declaration.</summary>
/// <param name="first">The column that the row begins in.</param>
internal ref struct ColumnReader(IRow row, int first = 0)
{
    private int _next = first;

    public long Long() => row.Int64(_next++);

    /// <exception cref="StoreCorruptException">The number does not fit where such numbers are given.</exception>
    public int Int() => RowReads.Int32(row, _next++);

    public Amount Nanos() => row.Amount(_next++);

    public Int128 Sum() => row.Int128(_next++);

    public Instant Time() => RowReads.Time(row, _next++);

    public string Text() => row.Text(_next++);

    public string? OptionalText() => row.TextOrNull(_next++);

    public Guid Id() => row.Guid(_next++);

    public Guid? OptionalId() => row.IsNull(_next) ? Skip<Guid>() : row.Guid(_next++);

    public byte[] Bytes() => row.Bytes(_next++).ToArray();

    public uint Crc() => unchecked((uint)row.Int64(_next++));

    /// <exception cref="StoreCorruptException">It is neither yes nor no, so no such row was ever written.</exception>
    public bool Flag() => row.Int64(_next++) switch
    {
        0 => false,
        1 => true,
        var other => throw new StoreCorruptException($"Column {_next - 1} holds {other}, which is neither yes nor no."),
    };

    public bool? OptionalFlag() => row.IsNull(_next) ? Skip<bool>() : Flag();

    private T? Skip<T>()
        where T : struct
    {
        _next++;
        return null;
    }
}
