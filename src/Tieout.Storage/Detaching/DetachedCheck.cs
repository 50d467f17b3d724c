using Tieout.Core.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>Where the verification of a ledger without its oldest rows begins: what stays of them is what the record of the chain says it is.</summary>
internal static class DetachedCheck
{
    /// <summary>Checks what stays, and lets the recomputation begin after the last commit whose rows are detached.</summary>
    /// <returns>That commit.</returns>
    public static ChainRow Begin(ILedgerTables tables, Detachment detached, Standing standing, Findings findings)
    {
        var cut = detached.Last.Commit;
        var after = Chain.At(tables, cut);
        findings.Check("L8", Convert.ToHexStringLower(after.Hash) == detached.Hash && after.Last == detached.Last,
            $"chain {cut} is not the commit that the record of detached rows names.");
        var stay = DetachedTables.Stay(tables, cut, ArchivedRows.Unseen);
        findings.Check("L8", stay == detached.StaySha256, $"the rows up to chain {cut} that stayed in the ledger are not as they were written.");
        var (ids, sha256) = DetachedTables.Ids(tables);
        findings.Check("L8", (ids, sha256) == (detached.Ids, detached.IdsSha256),
            $"detached_ids has {ids} attempts, which are not the {detached.Ids} whose rows were detached.");
        findings.Check("L4", FiguresAtCut.Digest(tables, cut) == detached.FiguresSha256,
            $"detached_accounts, detached_windows and detached_cells are not what the rows up to chain {cut} came to.");
        standing.BeginAfter(detached.Last.Setting);
        Each(tables, $"SELECT {RowReads.PriceColumns} FROM prices WHERE no <= {detached.Last.Price}", row => standing.Add(RowReads.Price(row)));
        var holds = new List<long>();
        Each(tables, $"SELECT seq FROM detached_stay WHERE cut = {cut} AND of_table = 'holds'", row => holds.Add(row.Int64(0)));
        standing.BeginWith(FiguresAtCut.Read(tables, cut, standing.Book), holds);
        return after;
    }

    private static void Each(ILedgerTables tables, string sql, Action<IRow> take)
    {
        using var rows = tables.Select(sql);
        while (rows.Step()) take(rows);
    }
}
