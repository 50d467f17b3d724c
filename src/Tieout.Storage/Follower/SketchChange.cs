using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>What a step makes of the stored sketches that its rows count in.</summary>
internal static class SketchChange
{
    /// <summary>Keys of one statement. SQLite seeks each label under each org, so few orgs go together.</summary>
    private const int KeysTogether = 200;

    private const int OrgsTogether = 16;

    /// <summary>The sketches to store in the place of those that are there: what was stored and what was counted.</summary>
    /// <remarks>Nobody else writes them meanwhile: on SQLite there is one follower, on PostgreSQL they are read in the transaction that writes them.</remarks>
    public static IReadOnlyCollection<UsageSketch> Of(ILedgerTables derived, SketchStep counted)
    {
        foreach (var hour in counted.Sketches.Select(sketch => sketch.Key).GroupBy(key => key.Start))
        {
            foreach (var orgs in hour.GroupBy(key => key.Org).Chunk(OrgsTogether))
            {
                foreach (var keys in orgs.SelectMany(org => org).Chunk(KeysTogether)) Merge(derived, counted, keys);
            }
        }

        return counted.Sketches;
    }

    private static void Merge(ILedgerTables derived, SketchStep counted, SketchKey[] keys)
    {
        var (orgs, labels) = (string.Join(", ", keys.Select(key => key.Org).Distinct()), string.Join(", ", keys.Select(key => key.Labels)));
        using var rows = derived.Select(
            $"SELECT {SketchReads.Columns} FROM {UsageSketchTable.Name} WHERE start_at = ? AND org IN ({orgs}) AND attribution IN ({labels})",
            keys[0].Start.UnixMicros);
        while (rows.Step()) counted.Merge(SketchReads.Sketch(rows));
    }
}
