namespace Tieout.Analysis.Detection;

/// <summary>What a report says about a cost. Names are part of the API, in snake_case.</summary>
public enum SpikeVerdict
{
    None,

    /// <summary>An hour or two far above the usual, and back.</summary>
    Blip,

    /// <summary>Far above the usual now, not for long enough to be sure.</summary>
    Rising,
    Sustained,
    Ended,

    /// <summary>Above the profile, and explained: the same hours a week before cost as much, or the growth of the baseline goes on.</summary>
    Benign,

    /// <summary>The figures changed, and not what was used.</summary>
    Metering,

    /// <summary>The baseline has too few days to say.</summary>
    InsufficientBaseline,
}

/// <summary>Why a rise is no spike.</summary>
public enum BenignReason
{
    None,
    Calendar,
    Growth,
}

/// <summary>When a cost rose, and what to compare.</summary>
/// <param name="From">The first hour above the usual; where the verdict names none, the first after the baseline.</param>
/// <param name="To">The end of what is compared, excluded.</param>
/// <param name="Weights">How much each hour of the baseline counts; empty: there is too little of it.</param>
/// <param name="Expected">Of the hours from <paramref name="From"/> to <paramref name="To"/>, in the unit of the points.</param>
public sealed record SpikeTiming(
    SpikeVerdict Verdict, BenignReason Benign, long From, long To, int HoursAbove, IReadOnlyDictionary<long, double> Weights, double Expected, double Actual)
{
    public bool HasOnset => Verdict is not (SpikeVerdict.None or SpikeVerdict.InsufficientBaseline);

    /// <summary>Null: nothing was expected.</summary>
    public double? ChangeRatio => Expected > 0 ? Actual / Expected - 1 : null;
}
