using System.Runtime.ExceptionServices;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>A row as it was read.</summary>
/// <param name="Row">Null: it cannot be read.</param>
/// <param name="Unreadable">Why it cannot be read.</param>
/// <param name="End">Where its canonical bytes end in its block.</param>
/// <param name="IsAsWritten">Whether its CRC is that of its bytes.</param>
internal readonly record struct ReadRow<TRow>(TRow? Row, string? Unreadable, int End, bool IsAsWritten)
    where TRow : class;

/// <summary>Some rows of one table with their canonical bytes and their CRCs computed: all work on a row that needs no other row.</summary>
internal sealed class RowBlock<TTable, TRow> : IDisposable
    where TTable : struct, IChainedTable<TRow>
    where TRow : ChainedRow
{
    private const int RowsMax = 1_024;
    private const int BytesMax = 1 << 20;

    private readonly List<ReadRow<TRow>> _rows = new(RowsMax);
    private readonly RowBuffer _bytes = new();
    private ExceptionDispatchInfo? _failure;

    public int Count => _rows.Count;

    /// <summary>Whether more rows may come after these.</summary>
    public bool HasMore { get; set; }

    public ReadRow<TRow> this[int index] => _rows[index];

    /// <summary>The canonical bytes of the rows from one to another, which is not among them.</summary>
    public ReadOnlySpan<byte> Bytes(int from, int to) => from == to ? default : _bytes.Written[(from == 0 ? 0 : _rows[from - 1].End).._rows[to - 1].End];

    /// <summary>Throws what ended the reading after the rows of this block.</summary>
    public void ThrowIfFailed() => _failure?.Throw();

    /// <summary>Reads the next page of a table into this block, in the place of the rows that were in it.</summary>
    public void Fill(IRowPages pages, Func<IRow, TRow> read)
    {
        _rows.Clear();
        _bytes.Clear();
        try
        {
            HasMore = pages.Next(row => Add(row, read));
        }
        catch (Exception failure)
        {
            (_failure, HasMore) = (ExceptionDispatchInfo.Capture(failure), false);
        }
    }

    public void Dispose() => _bytes.Dispose();

    private bool Add(IRow stored, Func<IRow, TRow> read)
    {
        try
        {
            var row = read(stored);
            var isAsWritten = _bytes.Add<TTable, TRow>(row) == row.Crc;
            _rows.Add(new(row, null, _bytes.Length, isAsWritten));
        }
        catch (Exception unreadable) when (unreadable is StoreCorruptException || UnreadableRows.Caused(unreadable))
        {
            _rows.Add(new(null, $"{stored.Int64(0)} cannot be read: {unreadable.Message}", _bytes.Length, IsAsWritten: false));
        }

        return _rows.Count < RowsMax && _bytes.Length < BytesMax;
    }
}
