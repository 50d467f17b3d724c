using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Sums as of the newest commit: the follower's lines up to its position, and the few rows after it.</summary>
/// <param name="position">Read before the ledger, so that this is never behind it.</param>
/// <param name="derived">Null: there are no lines, and all rows are looked at.</param>
/// <param name="orgOf">The org of labels.</param>
internal sealed class RecountReading(FollowerPosition position, ILedgerTables? derived, ILedgerTables ledger, Func<int, string> orgOf)
{
    /// <summary>Reading so many rows takes longer than finding the first of them that may count.</summary>
    private const int FarBehindRows = 10_000;

    // Lines without a position, or of a ledger that was since put back to an earlier state, say nothing.
    private readonly ILedgerTables? _derived = position.Commit > 0 && position.IsIn(ledger) ? derived : null;

    private readonly FollowerPosition _position = position.IsIn(ledger) ? position : FollowerPosition.Start;

    public IReadOnlyList<RecountLine> Sums(RecountQuery query)
    {
        var (sums, cut) = (new RangeRecount(query), query.Cut);
        if (cut.Days is { } days) Lines(query.Org, RecountSpan.Day, days, sums.Add);
        foreach (var hours in cut.Hours) Lines(query.Org, RecountSpan.Hour, hours, sums.Add);
        Rows(query.Org, query.From, cut.Rest, usage => sums.Add(usage), posting => sums.Add(posting));
        return [.. sums.Lines];
    }

    public IReadOnlyList<StatusLine> Statuses(RecountQuery query)
    {
        var (sums, cut) = (new StatusSums(query), query.Cut);
        foreach (var (span, stretch) in cut.Hours.Select(hours => (RecountSpan.Hour, hours)).Concat(cut.Days is { } days ? [(RecountSpan.Day, days)] : []))
        {
            Select($"SELECT {LineReads.StatusColumns} FROM recount_statuses {OfStretch}", query.Org, span, stretch, row => sums.Add(LineReads.Status(row)));
        }

        Rows(query.Org, query.From, cut.Rest, sums.Add, posting: null);
        return sums.Lines;
    }

    /// <summary>How the balance moved, month by month, from the first on.</summary>
    /// <param name="to">Not included: the end of a month.</param>
    public IReadOnlyList<MonthLine> Months(OrgState org, Instant to)
    {
        var recount = new Recount();
        if (_derived is not null)
        {
            using var rows = _derived.Select(
                $"SELECT {LineReads.MonthColumns} FROM recount_months WHERE org = ? AND start_at < ? ORDER BY start_at", org.FirstAccount, to.UnixMicros);
            while (rows.Step()) recount.Add(LineReads.Month(rows));
        }

        FollowedRows.Postings(ledger, _position.Posting, long.MaxValue, posting =>
        {
            if (IsOf(org, posting) && posting.EffectiveAt < to) recount.Add(posting, org);
        });
        return [.. recount.Months.OrderBy(month => month.Key.Start)];
    }

    private const string OfStretch = "WHERE org = ? AND span = ? AND start_at >= ? AND start_at < ? ORDER BY start_at, attribution";

    private void Lines(OrgState org, RecountSpan span, Window stretch, Action<RecountLine> take) =>
        Select($"SELECT {LineReads.LineColumns} FROM recounts {OfStretch}", org, span, stretch, row => take(LineReads.Line(row)));

    private void Select(string sql, OrgState org, RecountSpan span, Window stretch, Action<Rows.IRow> take)
    {
        if (_derived is null) return;
        using var rows = _derived.Select(sql, org.FirstAccount, (long)span, stretch.Start.UnixMicros, stretch.End.UnixMicros);
        while (rows.Step()) take(rows);
    }

    /// <summary>Rows that no line sums: those after the position, and those of what is left of hours.</summary>
    private void Rows(OrgState org, Instant from, IReadOnlyList<Window> rest, Action<CountedUsage> usage, Action<CountedPosting>? posting)
    {
        bool IsCounted(long seq, long position, Instant at) => seq <= position && !rest.Any(part => part.Contains(at));

        // No row that counts at a time is recorded before it. Looked for only where it saves reading many rows.
        var before = rest.Count > 0 || IsFarBehind() ? Chain.Before(ledger, from) : (_position.Usage, _position.Posting);
        var after = rest.Count > 0 ? before : (Usage: Math.Max(before.Usage, _position.Usage), Posting: Math.Max(before.Posting, _position.Posting));
        FollowedRows.Usage(ledger, after.Usage, long.MaxValue, row =>
        {
            if (!IsCounted(row.Seq, _position.Usage, row.EffectiveAt) && string.Equals(orgOf(row.Labels), org.Org.Id, StringComparison.Ordinal)) usage(row);
        });
        if (posting is null) return;
        FollowedRows.Postings(ledger, after.Posting, long.MaxValue, row =>
        {
            if (!IsCounted(row.Seq, _position.Posting, row.EffectiveAt) && IsOf(org, row)) posting(row);
        });
    }

    private bool IsFarBehind()
    {
        var last = Chain.At(ledger, Chain.Last(ledger)).Last;
        return last.Usage - _position.Usage + last.Posting - _position.Posting > FarBehindRows;
    }

    private static bool IsOf(OrgState org, in CountedPosting posting) =>
        posting.Debit >= org.FirstAccount && posting.Debit < org.FirstAccount + OrgState.AccountKinds;
}
