using System.Buffers;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Entries of runs that become one, in pooled memory: a step may write two million, and the next one again.</summary>
internal sealed class MergedEntries : IDisposable
{
    private IdEntry[] _merged;
    private IdEntry[] _next;
    private IdEntry[] _read = [];

    /// <param name="added">Ascending.</param>
    /// <param name="more">How many entries are to be added to them.</param>
    public MergedEntries(ReadOnlySpan<IdEntry> added, long more)
    {
        var most = checked((int)(added.Length + more));
        (_merged, _next, Count) = (Rent(most), more == 0 ? [] : Rent(most), added.Length);
        added.CopyTo(_merged);
    }

    public int Count { get; private set; }

    /// <summary>Ascending. Valid until disposed of.</summary>
    public ReadOnlySpan<IdEntry> Span => _merged.AsSpan(0, Count);

    /// <summary>Merges the entries of a stored run.</summary>
    /// <exception cref="StoreCorruptException">A block is none, or the run has another number of entries than it says.</exception>
    public void Add(ILedgerTables derived, IdRun run)
    {
        Return(_read);
        _read = Rent((int)run.Entries);
        var count = 0;
        using (var rows = derived.Select($"SELECT {IndexReads.BlockColumns} FROM {IdBlockTable.Name} b WHERE b.run = ? ORDER BY b.id_key, b.seq", run.Last))
        {
            while (rows.Step())
            {
                IndexReads.Block(rows, entry =>
                {
                    if (count < run.Entries) _read[count] = entry;
                    count++;
                });
            }
        }

        if (count != run.Entries) throw new StoreCorruptException($"{IdRunTable.Name}: run {run.Last} says {run.Entries} entries, and has {count}.");
        IdRun.Merge(_read.AsSpan(0, count), Span, _next.AsSpan(0, count + Count));
        (_merged, _next, Count) = (_next, _merged, Count + count);
    }

    public void Dispose()
    {
        foreach (var rented in (ReadOnlySpan<IdEntry[]>)[_merged, _next, _read]) Return(rented);
        (_merged, _next, _read, Count) = ([], [], [], 0);
    }

    private static IdEntry[] Rent(int entries) => ArrayPool<IdEntry>.Shared.Rent(entries);

    private static void Return(IdEntry[] rented)
    {
        if (rented.Length > 0) ArrayPool<IdEntry>.Shared.Return(rented);
    }
}
