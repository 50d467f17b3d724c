using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Lists;

/// <summary>Finds usage and corrections of an org hour by hour in all rows recorded since the range began: no row that counts at a time is recorded before
/// it.</summary>
internal sealed class UsageScan(ILedgerTables ledger, UsagePageQuery query, Func<int, UsageLabels> labels)
{
    private readonly Dictionary<int, bool> _matches = [];

    /// <summary>The hours of the page and those after it, in the order of the list.</summary>
    public IEnumerable<UsageHour> Hours()
    {
        var (usage, corrections) = (Usage(), Corrections());
        var hours = usage.Keys.Union(corrections.Keys).Where(IsAhead);
        return (query.OldestFirst ? hours.Order() : hours.OrderDescending()).Select(hour =>
            new UsageHour(hour, usage.GetValueOrDefault(hour) ?? [], corrections.GetValueOrDefault(hour) ?? []));
    }

    private bool IsAhead(long hour) => query.After is not { } place || (query.OldestFirst ? hour >= place.Hour : hour <= place.Hour);

    private Dictionary<long, List<long>> Usage()
    {
        var hours = new Dictionary<long, List<long>>();
        using var rows = ledger.Select(
            "SELECT u.seq, u.attribution, u.effective_at FROM usage u WHERE u.seq > ? AND u.effective_at >= ? AND u.effective_at < ? ORDER BY u.seq",
            Before.Usage, query.Filter.From.UnixMicros, query.Filter.To.UnixMicros);
        while (rows.Step())
        {
            if (Matches(RowReads.Int32(rows, 1))) Add(hours, RowReads.Time(rows, 2), rows.Int64(0));
        }

        return hours;
    }

    private Dictionary<long, List<Posting>> Corrections()
    {
        var hours = new Dictionary<long, List<Posting>>();
        var first = query.Org.FirstAccount;
        // With the plus, the index of corrections is searched and not all postings.
        using var rows = ledger.Select(
            $"SELECT {RowReads.PostingColumns} FROM postings p WHERE p.reverses > 0 AND +p.seq > ? AND p.effective_at >= ? AND p.effective_at < ? "
            + "AND p.debit >= ? AND p.debit < ? ORDER BY +p.seq",
            Before.Posting, query.Filter.From.UnixMicros, query.Filter.To.UnixMicros, first, first + OrgState.AccountKinds);
        while (rows.Step())
        {
            var posting = RowReads.Posting(rows, _ => query.Filter.Org).Posting;
            if (UsageEntry.IsCorrection(posting)) Add(hours, posting.EffectiveAt, posting);
        }

        return hours;
    }

    private (long Usage, long Posting) Before => Chain.Before(ledger, query.Filter.From);

    private bool Matches(int attribution)
    {
        if (!_matches.TryGetValue(attribution, out var matches)) _matches[attribution] = matches = query.Filter.Matches(labels(attribution));
        return matches;
    }

    private static void Add<T>(Dictionary<long, List<T>> hours, Instant at, T row)
    {
        var hour = UsagePlace.HourOf(at);
        if (!hours.TryGetValue(hour, out var rows)) hours[hour] = rows = [];
        rows.Add(row);
    }
}
