using Tieout.Core.Money;

namespace Tieout.Storage.Rows;

/// <summary>One stored row, column by column from 0. Both stores answer this way, so a row type is read back in one place.</summary>
internal interface IRow
{
    bool IsNull(int column);

    /// <summary>Any whole number, whatever its stored width.</summary>
    long Int64(int column);

    /// <summary>A sum of whole numbers, of up to 128 bits.</summary>
    Int128 Int128(int column);

    Amount Amount(int column) => new(Int128(column));

    long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    string Text(int column);

    /// <summary>Valid until the next call.</summary>
    ReadOnlySpan<char> Chars(int column) => Text(column);

    string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>Valid until the next row.</summary>
    ReadOnlySpan<byte> Bytes(int column);

    Guid Guid(int column);
}

/// <summary>Rows one after another. It stands before the first.</summary>
internal interface IRows : IRow, IDisposable
{
    /// <summary>True if there is a row to read; false when all have been.</summary>
    bool Step();
}
