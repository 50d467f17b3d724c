using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>Ends of holds and objects, read together with what they end.</summary>
internal static class StoredEnds
{
    /// <summary>What is read and how; null: the rows are no ends.</summary>
    public static (OrderedRows Rows, Delegate Read)? Of(Type row, Standing standing, long after)
    {
        if (row == typeof(HoldEnd))
        {
            return (
                new($"e.commit_no, e.state, e.ended_at, e.crc, e.hold, {RowReads.HoldColumns}, u.seq", "hold_ends e", "e.hold", Order: "e.commit_no, e.hold",
                    Where: $"e.commit_no > {after}", Joins: "LEFT JOIN holds h ON h.seq = e.hold LEFT JOIN usage u ON u.id = h.id"),
                (IRow s) => OfHold(s, standing));
        }

        if (row != typeof(ObjectEnd)) return null;
        return (
            new($"e.commit_no, {RowReads.ObjectEndColumns}, e.object, {RowReads.ObjectColumns}", "object_ends e", "e.object",
                Order: "e.commit_no, e.object", Where: $"e.commit_no > {after}", Joins: "LEFT JOIN objects o ON o.seq = e.object"),
            OfObject);
    }

    private static HoldEnd OfHold(IRow s, Standing standing)
    {
        if (s.IsNull(5)) throw new StoreCorruptException($"it ends hold {s.Int64(4)}, which does not exist");
        var hold = RowReads.Hold(s, standing.Labels, first: 5).Hold;
        if (s.IsNull(14)) standing.HasNoUsage(hold);
        return new(hold, (HoldState)s.Int64(1), RowReads.Time(s, 2), s.Int64(0), unchecked((uint)s.Int64(3)));
    }

    private static ObjectEnd OfObject(IRow s)
    {
        if (s.IsNull(6)) throw new StoreCorruptException($"it ends object {s.Int64(5)}, which does not exist");
        return RowReads.ObjectEnd(s, RowReads.Object(s, first: 6), first: 1);
    }
}
