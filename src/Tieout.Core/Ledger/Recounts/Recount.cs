using System.Runtime.InteropServices;
using Tieout.Core.Budgets;

namespace Tieout.Core.Ledger.Recounts;

/// <summary>Counts rows into lines, each row once and into every line that it belongs to. Independent of cells, windows and accounts, which the writer
/// moves.</summary>
public sealed class Recount
{
    private readonly Dictionary<RecountKey, RecountLine> _lines = [];
    private readonly Dictionary<StatusKey, StatusLine> _statuses = [];
    private readonly Dictionary<MonthKey, MonthLine> _months = [];
    private readonly Dictionary<int, (Window Day, Window Month)> _periods = [];

    public IReadOnlyCollection<RecountLine> Lines => _lines.Values;

    public IReadOnlyCollection<StatusLine> Statuses => _statuses.Values;

    public IReadOnlyCollection<MonthLine> Months => _months.Values;

    /// <param name="org">The org in the labels of the usage.</param>
    public void Add(in CountedUsage usage, OrgState org)
    {
        var (hour, day) = Keys(org, usage.EffectiveAt, usage.Labels);
        Count(hour, usage);
        Count(day, usage);
    }

    /// <param name="org">The org that owns the posting's accounts.</param>
    public void Add(in CountedPosting posting, OrgState org)
    {
        Month(new(org.FirstAccount, Periods(org, posting.EffectiveAt).Month.Start)).Count(posting);
        var revenue = org.AccountNo(AccountKind.Revenue);
        if (posting.Debit != revenue && posting.Credit != revenue) return;
        var (hour, day) = Keys(org, posting.EffectiveAt, posting.Labels);
        Line(hour).Count(posting);
        Line(day).Count(posting);
        if (!posting.CorrectsUsage) return;
        Status(new(hour, posting.Traits, posting.Absent)).Count(posting);
        Status(new(day, posting.Traits, posting.Absent)).Count(posting);
    }

    /// <summary>A month as it was counted before.</summary>
    public void Add(MonthLine month) => Month(month.Key).Add(month);

    private (RecountKey Hour, RecountKey Day) Keys(OrgState org, Instant at, int labels) => (
        new(org.FirstAccount, RecountSpan.Hour, HourOf(at), labels),
        new(org.FirstAccount, RecountSpan.Day, Periods(org, at).Day.Start, labels));

    /// <summary>When the hour of UTC begins that an instant lies in.</summary>
    public static Instant HourOf(Instant at) => new(at.UnixMicros - at.UnixMicros % Instant.MicrosPerHour);

    private void Count(RecountKey key, in CountedUsage usage)
    {
        Line(key).Count(usage);
        Status(new(key, usage.Traits, usage.Absent)).Count(usage);
    }

    private StatusLine Status(StatusKey key)
    {
        ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(_statuses, key, out _);
        return line ??= new(key);
    }

    private RecountLine Line(RecountKey key)
    {
        ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(_lines, key, out _);
        return line ??= new(key);
    }

    private MonthLine Month(MonthKey key)
    {
        ref var month = ref CollectionsMarshal.GetValueRefOrAddDefault(_months, key, out _);
        return month ??= new(key);
    }

    // Rows come nearly in the order of time, so an org's last day and month are nearly always those of its next row.
    private (Window Day, Window Month) Periods(OrgState org, Instant at)
    {
        if (_periods.TryGetValue(org.FirstAccount, out var last) && last.Day.Contains(at) && last.Month.Contains(at)) return last;
        var periods = (Window.Of(WindowUnit.Day, at, org.Zone), Window.Of(WindowUnit.Month, at, org.Zone));
        _periods[org.FirstAccount] = periods;
        return periods;
    }
}
