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

    // The lines that the last row of some labels counted in: nearly always those of the next.
    private readonly Dictionary<int, LastLines> _last = [];

    public IReadOnlyCollection<RecountLine> Lines => _lines.Values;

    public IReadOnlyCollection<StatusLine> Statuses => _statuses.Values;

    public IReadOnlyCollection<MonthLine> Months => _months.Values;

    /// <param name="org">The org in the labels of the usage.</param>
    public void Add(in CountedUsage usage, OrgState org)
    {
        var last = Last(org, usage.EffectiveAt, usage.Labels);
        last.Hour.Count(usage);
        last.Day.Count(usage);
        var (hour, day) = StatusesOf(last, usage.Traits, usage.Absent);
        hour.Count(usage);
        day.Count(usage);
    }

    /// <param name="org">The org that owns the posting's accounts.</param>
    public void Add(in CountedPosting posting, OrgState org)
    {
        Month(new(org.FirstAccount, Periods(org, posting.EffectiveAt).Month.Start)).Count(posting);
        var revenue = org.AccountNo(AccountKind.Revenue);
        if (posting.Debit != revenue && posting.Credit != revenue) return;
        var last = Last(org, posting.EffectiveAt, posting.Labels);
        last.Hour.Count(posting);
        last.Day.Count(posting);
        if (!posting.CorrectsUsage) return;
        var (hour, day) = StatusesOf(last, posting.Traits, posting.Absent);
        hour.Count(posting);
        day.Count(posting);
    }

    /// <summary>A month as it was counted before.</summary>
    public void Add(MonthLine month) => Month(month.Key).Add(month);

    /// <summary>When the hour of UTC begins that an instant lies in.</summary>
    public static Instant HourOf(Instant at) => new(at.UnixMicros - at.UnixMicros % Instant.MicrosPerHour);

    private LastLines Last(OrgState org, Instant at, int labels)
    {
        ref var last = ref CollectionsMarshal.GetValueRefOrAddDefault(_last, labels, out _);
        if (last?.Has(org.FirstAccount, at) == true) return last;
        var (hour, day) = (HourOf(at), Periods(org, at).Day);
        return last = new(Line(new(org.FirstAccount, RecountSpan.Hour, hour, labels)), Line(new(org.FirstAccount, RecountSpan.Day, day.Start, labels)), day);
    }

    private (StatusLine Hour, StatusLine Day) StatusesOf(LastLines last, UsageTraits traits, AbsentIds absent)
    {
        if (last.Statuses is { } known && known.Hour.Key.Traits == traits && known.Hour.Key.Absent == absent) return known;
        var statuses = (Status(new(last.Hour.Key, traits, absent)), Status(new(last.Day.Key, traits, absent)));
        last.Statuses = statuses;
        return statuses;
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

    /// <summary>The lines of an hour and a day that rows of some labels count in.</summary>
    private sealed class LastLines(RecountLine hour, RecountLine day, Window range)
    {
        public RecountLine Hour => hour;

        public RecountLine Day => day;

        /// <summary>Of the traits and ids of the last row; null: no row had any.</summary>
        public (StatusLine Hour, StatusLine Day)? Statuses { get; set; }

        public bool Has(int org, Instant at) => hour.Key.Org == org && hour.Key.Start == HourOf(at) && range.Contains(at);
    }
}
