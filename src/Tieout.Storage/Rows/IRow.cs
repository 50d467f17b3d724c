namespace Tieout.Storage.Rows;

/// <summary>One stored row, column by column from 0. Both stores answer this way, so a row type is read back in one place.</summary>
internal interface IRow
{
    bool IsNull(int column);

    /// <summary>Any whole number, whatever its stored width.</summary>
    long Int64(int column);

    long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    string Text(int column);

    string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>Valid until the next row.</summary>
    ReadOnlySpan<byte> Bytes(int column);

    Guid Guid(int column);
}
