using System.Collections.Frozen;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>A drifting figure as its rows come to now: what a run expected it to be, and what was posted since.</summary>
/// <remarks>For a store in which others may have written the figure meanwhile, so that taking the measured drift off it could be wrong.</remarks>
internal static class FigureRebuild
{
    /// <summary>The drift with its expected figure brought up to the last posting of the tables, and to the holds that are open now.</summary>
    public static FigureDrift Advance(ILedgerTables tables, FigureDrift drift)
    {
        var labels = new BookLabels(tables, Instances.None, FrozenSet<string>.Empty);
        var held = new Recomputation(labels.Book);
        using (var open =
            tables.Select(
                $"SELECT {RowReads.HoldColumns} FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq WHERE h.seq >= ? AND e.hold IS NULL ORDER BY h.seq",
                tables.FirstOpenHold))
        {
            while (open.Step()) held.Add(RowReads.Hold(open, no => labels[no]).Hold);
        }

        switch (drift)
        {
            case FigureDrift.OfAccount { Expected: var expected } of:
                var account = expected.Copy();
                var end = Since(tables, labels, of.At, (posting, _) =>
                {
                    if (posting.Debit == account.No) PostingEffects.Debit(posting, account);
                    if (posting.Credit == account.No) PostingEffects.Credit(posting, account, Recomputation.GrantOf(posting, Command(tables, posting)));
                });
                account.Held = held.Accounts.TryGetValue(account.No, out var holds) ? holds.Held : Amount.Zero;
                return of with { Expected = account, At = end };
            case FigureDrift.OfWindow { Expected: var expected } of:
                labels.Book.Recall(expected);
                var counted = new Recomputation(labels.Book);
                end = Since(tables, labels, of.At, (posting, usage) => Count(counted, posting, usage));
                var window = counted.Windows.TryGetValue(expected.Key, out var moved) ? moved : expected.Copy();
                window.Held = held.Windows.TryGetValue(expected.Key, out var inFlight) ? inFlight.Held : Amount.Zero;
                return of with { Expected = window, At = end };
            case FigureDrift.OfCell { Expected: var expected } of:
                var added = new Recomputation(labels.Book);
                end = Since(tables, labels, of.At, (posting, usage) => Count(added, posting, usage));
                return of with { Expected = added.Cells.TryGetValue(expected.Key, out var change) ? expected.Plus(change) : expected, At = end };
            default:
                throw new ArgumentException($"{drift} is no figure.", nameof(drift));
        }
    }

    private static void Count(Recomputation sums, in Posting posting, UsageRow? usage)
    {
        if (usage is not null) sums.Add(posting, usage, command: null);
    }

    private static SumsEnd Since(ILedgerTables tables, BookLabels labels, SumsEnd from, Action<Posting, UsageRow?> add)
    {
        var usageAt = RowReads.PostingColumnCount;
        var last = from.Posting;
        using var rows = tables.Select(
            $"SELECT {RowReads.PostingColumns}, {RowReads.UsageColumns} FROM postings p LEFT JOIN usage u ON u.seq = p.usage_seq WHERE p.seq > ? ORDER BY p.seq", from.Posting);
        while (rows.Step())
        {
            var posting = RowReads.Posting(rows, labels.OrgOf).Posting;
            add(posting, posting.UsageSeq > 0 && !rows.IsNull(usageAt) ? RowReads.Usage(rows, no => labels[no], usageAt) : null);
            last = posting.Seq;
        }

        return new(from.Bucket, last);
    }

    private static CommandRow? Command(ILedgerTables tables, in Posting posting)
    {
        if (posting.Kind != PostingKind.Grant) return null;
        using var rows = tables.Select($"SELECT {RowReads.CommandColumns} FROM commands WHERE posting = ?", posting.Seq);
        return rows.Step() ? RowReads.Command(rows) : null;
    }
}
