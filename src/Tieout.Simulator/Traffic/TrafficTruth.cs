namespace Tieout.Simulator.Traffic;

/// <summary>What a reader of the hours should say of them.</summary>
public enum TrafficVerdict
{
    /// <summary>As usual.</summary>
    None,

    /// <summary>An hour or two, and over.</summary>
    Blip,

    /// <summary>Rose and stayed.</summary>
    Sustained,

    /// <summary>Rose, stayed for some hours, and went back.</summary>
    Ended,

    /// <summary>The calendar, slow growth, or one request: nothing to do.</summary>
    Benign,

    /// <summary>Nothing was used more; it was counted or priced differently.</summary>
    Metering,

    /// <summary>Too few days before to say.</summary>
    InsufficientBaseline,
}

/// <summary>The factor of the cost that moved.</summary>
public enum TrafficFactor
{
    Volume,
    HiddenRecompute,
    ToolRetries,
    Mix,
    InputTokens,
    OutputTokens,
    Cache,
    Price,
}

/// <summary>A cause that was planted.</summary>
/// <param name="Factor">What moved.</param>
/// <param name="Name">Why, as a stable word: <c>bot</c>, <c>context_growth</c> ...</param>
/// <param name="Where">The labels it was planted at, by name (<c>org, team, feature, key, provider, model</c>); empty when it is everywhere.</param>
/// <param name="Also">Other labels that are as right, such as the model that a feature was moved to.</param>
public sealed record TrafficCause(
    TrafficFactor Factor, string Name, IReadOnlyDictionary<string, string> Where, IReadOnlyList<IReadOnlyDictionary<string, string>> Also)
{
    /// <summary>The labels whose cost it changed. What has no cache cannot miss it: those of <see cref="Where"/> that are not here show nothing.</summary>
    public IReadOnlySet<TrafficLabels> Touched { get; init; } = new HashSet<TrafficLabels>();
}

/// <summary>The truth about a case, which no diagnosis may see.</summary>
/// <param name="Verdict">What should be said.</param>
/// <param name="AlsoRight">Other verdicts that do not mislead.</param>
/// <param name="Causes">What was planted that raises the cost; empty where there is nothing to name.</param>
/// <param name="Fault">What is wrong with the meter, as a stable word; null where nothing is.</param>
/// <param name="OnsetHour">The first hour that is different, from 0 at the beginning of the baseline; null where nothing begins.</param>
/// <param name="OnsetWithin">Hours by which a stated onset may be off: 2, more where the change is a ramp.</param>
/// <param name="Effect">By how much the cost of the hours concerned was raised, as a share of what they would have cost.</param>
public sealed record TrafficTruth(
    TrafficVerdict Verdict, IReadOnlyList<TrafficVerdict> AlsoRight, IReadOnlyList<TrafficCause> Causes, string? Fault, int? OnsetHour, int OnsetWithin,
    double Effect);
