using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Sums as of the newest commit: the follower's lines up to its position, and the few rows after it.</summary>
/// <param name="orgOf">The org of labels.</param>
internal sealed class RecountReading(Followed followed, Func<int, string> orgOf)
{
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
            if (TraitReads.Of(followed.Derived, query.Org, span) is not { Count: > 0 } traits) continue;
            Select(
                $"SELECT {LineReads.StatusColumns} FROM recount_statuses WHERE org = ? AND span = ? AND traits IN ({string.Join(", ", traits)}) "
                + "AND start_at >= ? AND start_at < ?", query.Org, span, stretch, row => sums.Add(LineReads.Status(row)));
        }

        Rows(query.Org, query.From, cut.Rest, sums.Add, sums.Add);
        return sums.Lines;
    }

    /// <summary>How the balance moved, month by month, from the first on.</summary>
    /// <param name="to">Not included: the end of a month.</param>
    public IReadOnlyList<MonthLine> Months(OrgState org, Instant to)
    {
        var recount = new Recount();
        if (followed.Derived is { } derived)
        {
            using var rows = derived.Select(
                $"SELECT {LineReads.MonthColumns} FROM recount_months WHERE org = ? AND start_at < ? ORDER BY start_at", org.FirstAccount, to.UnixMicros);
            while (rows.Step()) recount.Add(LineReads.Month(rows));
        }

        FollowedRows.Postings(followed.Ledger, followed.Position.Posting, long.MaxValue, posting =>
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
        if (followed.Derived is not { } derived) return;
        using var rows = derived.Select(sql, org.FirstAccount, (long)span, stretch.Start.UnixMicros, stretch.End.UnixMicros);
        while (rows.Step()) take(rows);
    }

    /// <summary>Rows that no line sums: those after the position, and those of what is left of hours.</summary>
    private void Rows(OrgState org, Instant from, IReadOnlyList<Window> rest, Action<CountedUsage> usage, Action<CountedPosting> posting)
    {
        bool IsCounted(long seq, long counted, Instant at) => seq <= counted && !rest.Any(part => part.Contains(at));

        var position = followed.Position;
        if (followed.Detached is { } detached && rest.Any(part => part.Start <= detached.RecordedAt)) throw RowsArchivedException.OfRange(detached);
        var after = rest.Count > 0 ? Chain.Before(followed.Ledger, from) : followed.CountedOrBefore(from);
        FollowedRows.Usage(followed.Ledger, after.Usage, long.MaxValue, row =>
        {
            if (!IsCounted(row.Seq, position.Usage, row.EffectiveAt) && string.Equals(orgOf(row.Labels), org.Org.Id, StringComparison.Ordinal)) usage(row);
        });
        FollowedRows.Postings(followed.Ledger, after.Posting, long.MaxValue, row =>
        {
            if (!IsCounted(row.Seq, position.Posting, row.EffectiveAt) && IsOf(org, row)) posting(row);
        });
    }

    private static bool IsOf(OrgState org, in CountedPosting posting) =>
        posting.Debit >= org.FirstAccount && posting.Debit < org.FirstAccount + OrgState.AccountKinds;
}
