namespace Tieout.Core.Spike;

/// <summary>What whole hours of one sum came to, and what they say about an hour that is over and about hours to come.</summary>
/// <param name="first">The first hour, in hours of UTC since 1970.</param>
/// <param name="count">How many hours there are.</param>
public sealed class AlertHours(long first, int count)
{
    /// <summary>Days that a baseline hour is taken from.</summary>
    public const int BaselineDays = 7;

    /// <summary>Baseline hours of which a median says something.</summary>
    public const int BaselineHoursMin = 3;

    private const int DayHours = 24, WeekHours = 7 * DayHours;

    private readonly Int128[] _sums = new Int128[count];

    /// <summary>The end, excluded.</summary>
    public long End => first + count;

    /// <summary>The sum of an hour; zero outside.</summary>
    public Int128 this[long hour] => hour >= first && hour < End ? _sums[hour - first] : 0;

    /// <summary>Adds to an hour. Hours outside are left out: usage may be late, or of a clock that is ahead.</summary>
    public void Add(long hour, Int128 sum)
    {
        if (hour >= first && hour < End) _sums[hour - first] += sum;
    }

    /// <summary>What an hour usually is: the median of the hours with the same hour on the clock over seven days, or the same hour a week before if that was
    /// more. So a weekend that is always busy is no alert.</summary>
    /// <param name="since">The first hour in which the org used anything: before it there is no baseline.</param>
    /// <param name="clock">The hour on the clock of the org's zone. On the days that clocks change an hour is there twice or not at all.</param>
    /// <returns>Null: the org has too few days.</returns>
    public decimal? Baseline(long hour, long since, Func<long, int> clock)
    {
        var (alike, of, weekBefore) = (new List<Int128>(), clock(hour), (Int128)0);

        // An hour more and an hour less: where clocks changed, the same hour on the clock is that much earlier or later.
        for (var at = Math.Max(Math.Max(first, since), hour - WeekHours - 1); at <= hour - DayHours + 1; at++)
        {
            if (clock(at) != of) continue;
            alike.Add(this[at]);
            if (at <= hour - WeekHours + 1 && this[at] > weekBefore) weekBefore = this[at];
        }

        if (alike.Count < BaselineHoursMin) return null;
        alike.Sort();
        var middle = alike.Count / 2;
        var median = alike.Count % 2 == 1
            ? AlertFigures.Figure(alike[middle]) : (AlertFigures.Figure(alike[middle - 1]) + AlertFigures.Figure(alike[middle])) / 2;
        return Math.Max(median, AlertFigures.Figure(weekBefore));
    }

    /// <summary>What is to come until a time, if the next day is as the last day was, and all later days are as those of the last week were.</summary>
    /// <param name="now">In hours, with a fraction: of the running hour only the rest is to come.</param>
    /// <param name="end">Likewise.</param>
    /// <param name="since">The first hour in which the org used anything.</param>
    /// <returns>Null: the org has not used anything for a day yet.</returns>
    public decimal? ToCome(double now, double end, long since)
    {
        var from = Math.Max(first, since);
        if (End - from < DayHours) return null;
        var isYoung = End - from < WeekHours;
        var (sum, running) = (0m, (long)Math.Floor(now));
        for (var hour = running; hour < end; hour++)
        {
            var part = (decimal)(Math.Min(end, hour + 1) - Math.Max(now, hour));
            sum += part * (hour - running < DayHours || isYoung ? Repeated(hour, DayHours) : Repeated(hour, WeekHours));
        }

        return sum;
    }

    /// <summary>The sum of the newest whole hour that is a number of periods earlier.</summary>
    private decimal Repeated(long hour, int period)
    {
        var periods = (hour - End) / period + 1;
        return AlertFigures.Figure(this[hour - periods * period]);
    }
}

/// <summary>How a rule stands.</summary>
/// <param name="Value">What is compared: money in nano-units, a count, or per cent.</param>
public readonly record struct AlertReading(bool IsRaised, decimal Value, decimal Limit);

/// <summary>Compares figures as a rule says.</summary>
public static class AlertFigures
{
    /// <summary>No sum of a month of such figures, and no multiple of one, is too large for a decimal number.</summary>
    private static readonly Int128 FigureMax = (Int128)1_000_000_000_000_000_000 * 10_000_000;

    /// <summary>Shown where there is no baseline to divide by.</summary>
    private const decimal PercentMax = 1_000_000;

    /// <summary>The larger of a sum of the running period and one of the period before: an hour that is over, or grew late, counts until the next is
    /// over.</summary>
    public static AlertReading Threshold(AlertTerms terms, Int128 running, Int128 before)
    {
        var value = running > before ? running : before;
        return new(value > terms.Limit, Figure(value), Figure(terms.Limit));
    }

    /// <summary>An hour in per cent of its baseline hour. An hour without a baseline cost is above any multiple, if it is above the rule's limit.</summary>
    public static AlertReading Ratio(AlertTerms terms, Int128 hour, decimal baseline)
    {
        var (value, least) = (Figure(hour), (decimal)(terms.Percent ?? 0));
        var percent = baseline > 0 ? value / baseline * 100 : value > 0 ? PercentMax : 0;
        return new(hour > terms.Limit && percent >= least, Math.Min(percent, PercentMax), least);
    }

    /// <summary>What a budget's window will have spent, against the part of its limit that the rule names.</summary>
    /// <param name="committed">Charged and held, in nano-units.</param>
    /// <param name="limit">The budget's.</param>
    public static AlertReading Forecast(AlertTerms terms, Int128 committed, decimal toCome, Int128 limit)
    {
        var (value, least) = (Figure(committed) + Math.Max(0, toCome), Figure(limit) / 100 * (terms.Percent ?? 100));
        return new(value > least, value, least);
    }

    /// <summary>A sum as a decimal number; sums beyond all that a ledger holds are cut.</summary>
    public static decimal Figure(Int128 sum) => (decimal)(sum > FigureMax ? FigureMax : sum < -FigureMax ? -FigureMax : sum);
}
