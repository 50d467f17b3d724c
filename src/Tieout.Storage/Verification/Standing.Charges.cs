using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>What charges, their reversals and the sums of months must be.</summary>
internal sealed partial class Standing
{
    /// <summary>Charges come in the order of their usage records, one each (M1), unless a correction has made good what did not.</summary>
    private UsageRow? Charged(in Posting posting)
    {
        if (posting.UsageSeq == 0)
        {
            _findings.Check("M1", IsTakenBack(posting.Seq), $"postings {posting.Seq} charges {posting.Amount} for no usage at all.");
            return null;
        }

        while (_uncharged.TryPeek(out var earlier) && earlier.Seq < posting.UsageSeq) _passedOver.Add(earlier.Seq, _uncharged.Dequeue());
        if (_uncharged.TryPeek(out var row) && row.Seq == posting.UsageSeq) _uncharged.Dequeue();
        else if (posting.CommandId is null || !_passedOver.Remove(posting.UsageSeq, out row)) return ChargedAgain(posting);

        if (_mispriced.ContainsKey(row.Seq) && IsTakenBack(posting.Seq)) _mispriced.Remove(row.Seq);
        _findings.Check(
            "M1", (row.Charge == posting.Amount && (row.EffectiveAt == posting.EffectiveAt || posting.CommandId is not null)
                && row.Usage.Labels.Org == posting.Org) || IsTakenBack(posting.Seq),
            $"postings {posting.Seq} charges {posting.Amount} to {posting.Org}; usage {row.Seq} ({row.Usage.Id}) says {row.Charge} to {row.Usage.Labels.Org}.");
        return row;
    }

    private UsageRow? ChargedAgain(in Posting posting)
    {
        if (!IsTakenBack(posting.Seq))
        {
            _findings.Broken("M1", $"postings {posting.Seq} charges usage {posting.UsageSeq}, which is charged already or not there.");
            return null;
        }

        using var rows = _tables.Select($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.seq = ?", posting.UsageSeq);
        return rows.Step() ? RowReads.Usage(rows, Labels) : null;
    }

    /// <summary>Whether a correction has taken a posting back: what was wrong with it is then repaired (L7). Asked only of what is wrong.</summary>
    private bool IsTakenBack(long posting)
    {
        using var rows = _tables.Select("SELECT 1 FROM postings WHERE kind = 4 AND reverses = ? AND reverses > 0", posting);
        return rows.Step();
    }

    private UsageRow? Usage(in Posting posting)
    {
        using var rows = _tables.Select($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.seq = ?", posting.UsageSeq);
        var row = rows.Step() ? RowReads.Usage(rows, Labels) : null;
        _findings.Check("refs", row is not null, $"postings {posting.Seq} names usage {posting.UsageSeq}, which does not exist.");
        return row;
    }

    /// <summary>The labels of a usage record that a posting names without charging it; 0: there is no such record.</summary>
    private int LabelsOf(long usage)
    {
        using var rows = _tables.Select("SELECT u.attribution FROM usage u WHERE u.seq = ?", usage);
        return rows.Step() ? RowReads.Int32(rows, 0) : 0;
    }

    private void CheckReversal(Posting posting)
    {
        using var rows = _tables.Select($"SELECT {RowReads.PostingColumns} FROM postings p WHERE p.seq = ?", posting.Reverses);
        Posting? reversed = rows.Step() ? RowReads.Posting(rows, OrgOf).Posting : null;
        _findings.Check(
            "L7", reversed is { } before && (before.Debit, before.Credit, before.Amount) == (posting.Credit, posting.Debit, posting.Amount),
            $"postings {posting.Seq} does not undo posting {posting.Reverses}, which it reverses.");
    }

    private void Bill(in Posting posting, UsageRow usage)
    {
        var org = _book.Org(posting.Org)!;
        var month = _months.At(org, posting.EffectiveAt);
        month.Charged += posting.Kind switch
        {
            PostingKind.Charge => usage.Charge == posting.Amount || !IsTakenBack(posting.Seq)
            ? usage.Charge : posting.Amount,
            PostingKind.Reversal => -posting.Amount,
            _ => posting.Amount
        };
        var customer = org.AccountNo(AccountKind.Customer);
        if (posting.Debit == customer) month.Moved += posting.Amount;
        if (posting.Credit == customer) month.Moved -= posting.Amount;
    }
}
