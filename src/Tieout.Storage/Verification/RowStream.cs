using System.Collections.Concurrent;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>The rows of one table in their order, and their canonical bytes for the hash of the commit that they are part of. Where the store allows it,
/// another thread reads some blocks of rows ahead, also while rows of other tables are looked at.</summary>
internal sealed class RowStream<TTable, TRow> : IDisposable
    where TTable : struct, IChainedTable<TRow>
    where TRow : ChainedRow
{
    /// <summary>As many rows as a large commit has: while the other tables of a commit are looked at, this one's next rows are read.</summary>
    private const int BlocksAhead = 8;

    private readonly IRowPages _pages;
    private readonly Func<IRow, TRow> _read;
    private readonly RowBytes _hash;
    private readonly ConcurrentQueue<RowBlock<TTable, TRow>> _spare = [];
    private readonly BlockingCollection<RowBlock<TTable, TRow>> _ahead = new(BlocksAhead);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task? _reading;
    private RowBlock<TTable, TRow> _block = new() { HasMore = true };
    private int _at;
    private int _hashed;

    /// <param name="hash">Of the commit that is looked at.</param>
    public RowStream(IRowPages pages, Func<IRow, TRow> read, RowBytes hash)
    {
        (_pages, _read, _hash) = (pages, read, hash);

        // A thread of its own, since it waits while enough blocks are read.
        if (pages.ReadsAhead) _reading = Task.Factory.StartNew(ReadAhead, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
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
        // The other thread uses what is disposed of here.
        _stop.Cancel();
        _reading?.Wait();
        _pages.Dispose();
        foreach (var block in _ahead.Concat(_spare).Append(_block)) block.Dispose();
        _ahead.Dispose();
        _stop.Dispose();
    }

    /// <returns>False: there is no other block.</returns>
    private bool Turn()
    {
        Hash();
        _block.ThrowIfFailed();
        if (!_block.HasMore) return false;
        _spare.Enqueue(_block);
        (_block, _at, _hashed) = (_reading is null ? Filled() : _ahead.Take(), 0, 0);
        return true;
    }

    private void ReadAhead()
    {
        for (var hasMore = true; hasMore;)
        {
            var block = Filled();
            hasMore = block.HasMore;
            try
            {
                _ahead.Add(block, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                // Nobody looks at the rows any more.
                block.Dispose();
                return;
            }
        }
    }

    /// <summary>The next block. A failure to read is in the block.</summary>
    private RowBlock<TTable, TRow> Filled()
    {
        if (!_spare.TryDequeue(out var block)) block = new();
        block.Fill(_pages, _read);
        return block;
    }
}
