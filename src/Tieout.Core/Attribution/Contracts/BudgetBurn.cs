using System.Collections.Immutable;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>A stretch of time over which a contract's error budget is watched, and how fast it may be used there.</summary>
/// <param name="Name">In the names of alerts.</param>
/// <param name="Hours">Whole hours of UTC up to now; the hour that is not over counts as one. So a window costs lines, whatever the number of rows.</param>
/// <param name="RateMax">The rate above which the window burns. At the rate 1 just what the objective allows is incomplete.</param>
/// <param name="LackingMin">With fewer incomplete records nothing burns: of three records one is no news.</param>
public sealed record BurnWindow(string Name, int Hours, decimal RateMax, long LackingMin)
{
    /// <summary>A source has just broken: at this rate two days use up the error budget of thirty.</summary>
    public static BurnWindow Fast { get; } = new("fast", 2, 14.4m, 10);

    /// <summary>Over three days more is incomplete than the objective allows.</summary>
    public static BurnWindow Slow { get; } = new("slow", 72, 1m, 1);

    public static ImmutableArray<BurnWindow> All { get; } = [Fast, Slow];

    /// <summary>From the beginning of its first hour to the end of the current one.</summary>
    public (Instant From, Instant To) Range(Instant now)
    {
        var hour = now.UnixMicros / Instant.MicrosPerHour;
        return (new((hour + 1 - Hours) * Instant.MicrosPerHour), new((hour + 1) * Instant.MicrosPerHour));
    }
}

/// <summary>How fast a window uses the error budget of a contract.</summary>
/// <param name="Lacking">Billable records that lack something.</param>
/// <param name="Rate">The part of the window's error budget that is used; null: the objective leaves none, and something is missing.</param>
public sealed record BudgetBurn(BurnWindow Window, long Billable, long Lacking, decimal? Rate)
{
    public bool IsBurning => Lacking >= Window.LackingMin && !(Rate <= Window.RateMax);

    /// <param name="counts">Of the window's range.</param>
    public static BudgetBurn Of(BurnWindow window, Completeness counts) => new(window, counts.Billable, counts.Billable - counts.Complete, counts.BudgetUsed);
}
