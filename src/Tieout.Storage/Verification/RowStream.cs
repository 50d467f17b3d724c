using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>The rows of one table in their order, and their canonical bytes for the hash of the commit that they are part of. While a block of rows is looked
/// at, another thread reads the next block, where the store allows it.</summary>
internal sealed class RowStream<TTable, TRow> : IDisposable
    where TTable : struct, IChainedTable<TRow>
    where TRow : ChainedRow
{
    private readonly IRowPages _pages;
    private readonly Func<IRow, TRow> _read;
    private readonly RowBytes _hash;
    private RowBlock<TTable, TRow> _block = new() { HasMore = true };
    private RowBlock<TTable, TRow> _spare = new();
    private Task? _reading;
    private int _at;
    private int _hashed;

    /// <param name="hash">Of the commit that is looked at.</param>
    public RowStream(IRowPages pages, Func<IRow, TRow> read, RowBytes hash)
    {
        (_pages, _read, _hash) = (pages, read, hash);
        ReadAhead();
    }

    /// <summary>The next row; null: there is none.</summary>
    public ReadRow<TRow>? Peek()
    {
        while (_at == _block.Count)
        {
            if (!Turn()) return null;
        }

        return _block[_at];
    }

    /// <summary>Passes the next row: it is part of the commit.</summary>
    public void Pass() => _at++;

    /// <summary>Adds the bytes of the rows that were passed to the hash.</summary>
    public void Hash()
    {
        _hash.Add(_block.Bytes(_hashed, _at));
        _hashed = _at;
    }

    public void Dispose()
    {
        // It uses what is disposed of here.
        _reading?.Wait();
        _pages.Dispose();
        _block.Dispose();
        _spare.Dispose();
    }

    /// <returns>False: there is no other block.</returns>
    private bool Turn()
    {
        Hash();
        _block.ThrowIfFailed();
        if (!_block.HasMore) return false;
        if (_reading is { } reading) reading.GetAwaiter().GetResult();
        else _spare.Fill(_pages, _read);
        (_block, _spare, _at, _hashed) = (_spare, _block, 0, 0);
        ReadAhead();
        return true;
    }

    private void ReadAhead()
    {
        var next = _spare;
        _reading = _pages.ReadsAhead && _block.HasMore ? Task.Run(() => next.Fill(_pages, _read)) : null;
    }
}
