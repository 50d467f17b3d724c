using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>What a step changes in the index of ids: a new run, and the older runs that it takes in.</summary>
internal sealed record IdRunChange(IdRun Run, IReadOnlyList<IdRunBlock> Blocks, IReadOnlyList<IdRun> Absorbed)
{
    /// <returns>Null: no usage rows were counted.</returns>
    public static IdRunChange? Of(ILedgerTables derived, Counted counted)
    {
        if (counted.To.Usage == counted.From.Usage) return null;
        var added = counted.Index.Ids();
        var runs = Runs(derived);
        var absorbed = runs[^IdRun.Absorbed(runs, added.Length)..];
        using var entries = new MergedEntries(added, absorbed.Sum(run => run.Entries));

        // From the newest on: the smallest are copied most often.
        for (var i = absorbed.Count - 1; i >= 0; i--) entries.Add(derived, absorbed[i]);
        var run = new IdRun(absorbed.Count > 0 ? absorbed[0].First : counted.From.Usage + 1, counted.To.Usage, entries.Count);
        return new(run, [.. IdBlock.Cut(entries.Span).Select(block => new IdRunBlock(run.Last, block))], absorbed);
    }

    /// <summary>All runs, from the oldest to the newest.</summary>
    public static List<IdRun> Runs(ILedgerTables derived)
    {
        var runs = new List<IdRun>();
        using var rows = derived.Select($"SELECT {IndexReads.RunColumns} FROM {IdRunTable.Name} ORDER BY last_usage");
        while (rows.Step()) runs.Add(IndexReads.Run(rows));
        return runs;
    }
}
