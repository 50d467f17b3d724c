using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>Links of the chain by their commit.</summary>
internal static class Chain
{
    /// <summary>All zero before the first commit.</summary>
    /// <exception cref="StoreCorruptException">There is no such commit.</exception>
    public static ChainRow At(ILedgerTables tables, long commit)
    {
        if (commit == 0) return new(0, [], [], default, default);
        using var s = tables.Select($"SELECT {RowReads.ChainColumns} FROM chain WHERE commit_no = ?", commit);
        return s.Step() ? RowReads.Chain(s, []) : throw new StoreCorruptException($"Commit {commit} is missing from the chain.");
    }

    /// <summary>Whether the link is part of this chain.</summary>
    public static bool Has(ILedgerTables tables, ChainRow link)
    {
        using var s = tables.Select("SELECT hash FROM chain WHERE commit_no = ?", link.Commit);
        return s.Step() ? s.Bytes(0).SequenceEqual(link.Hash) : link.Commit == 0;
    }

    /// <summary>The last commit; 0: there is none.</summary>
    public static long Last(ILedgerTables tables)
    {
        using var s = tables.Select("SELECT coalesce(max(commit_no), 0) FROM chain");
        return s.Step() ? s.Int64(0) : 0;
    }

    /// <summary>The last numbers of the last commit recorded before <paramref name="time"/>; all zero: there is none.</summary>
    public static (long Usage, long Posting) Before(ILedgerTables tables, Instant time)
    {
        var last = LastBefore(tables, time).Last;
        return (last.Usage, last.Posting);
    }

    /// <summary>The last commit recorded before <paramref name="time"/>; all zero: there is none. Commits never go back in time, so halving finds it.</summary>
    public static ChainRow LastBefore(ILedgerTables tables, Instant time)
    {
        var (low, high) = (0L, Last(tables));
        while (low < high)
        {
            var middle = low + (high - low + 1) / 2;
            using var s = tables.Select("SELECT recorded_at FROM chain WHERE commit_no = ?", middle);
            if (!s.Step()) throw new StoreCorruptException($"Commit {middle} is missing from the chain.");
            if (s.Int64(0) < time.UnixMicros) low = middle;
            else high = middle - 1;
        }

        return At(tables, low);
    }
}
