using System.Collections.Immutable;
using Tieout.Analysis.Detection;

namespace Tieout.Analysis.Why;

/// <summary>One pass of the detector: judges the cost of each org, and of each label over all orgs whose own cost did not rise.</summary>
/// <remarks>The pass reads each hour once and judges both. It leaves an org that rises out of the labels, since that org has an alert of its own: what remains
/// rises a little everywhere and shows in no org.</remarks>
/// <param name="dimensions">The labels that are judged over all orgs.</param>
public sealed class DetectorPass(ImmutableArray<string> dimensions)
{
    private readonly Dictionary<string, (HourSeries Series, DiagnosisHours Hours, int Orgs)> _pools = new(StringComparer.Ordinal);

    /// <summary>The pools that any org was added to.</summary>
    public IReadOnlyCollection<string> Pools => _pools.Keys;

    /// <summary>Judges one org, and adds it to its pool unless it rises.</summary>
    /// <param name="pool">Orgs whose costs can be added up: those of one asset.</param>
    /// <param name="hours">The same hours for all orgs of a pass; the clock is the org's.</param>
    /// <exception cref="Exception">The source failed. Nothing of the org was added.</exception>
    public async Task<SpikeTiming> JudgeAsync(string pool, DiagnosisHours hours, IDiagnosisSource source, CancellationToken cancellationToken)
    {
        ImmutableArray<int> at = [.. dimensions.Select(dimension => hours.Dimensions.IndexOf(dimension))];
        var series = new HourSeries(dimensions, hours.BaselineFrom, hours.To, hours.Clock, at);
        await foreach (var line in source.LinesAsync(hours.BaselineFrom, hours.To, isSplit: false, cancellationToken)) series.Add(line);
        var timing = SpikeTimer.Judge(series.Points(), hours.From, hours.Materiality);
        if (timing.Verdict is SpikeVerdict.Sustained or SpikeVerdict.Rising) return timing;
        if (!_pools.TryGetValue(pool, out var standing)) standing = (new(dimensions, hours.BaselineFrom, hours.To, UtcClock), hours, 0);
        standing.Series.Add(series);
        _pools[pool] = standing with { Orgs = standing.Orgs + 1 };
        return timing;
    }

    /// <summary>Labels that rose over all orgs of a pool, most first. Nothing of a pool of one org, whose total says it.</summary>
    /// <param name="isKnown">Whether a label rose in the pass before.</param>
    public IReadOnlyList<Component> Components(string pool, Func<string, string, bool> isKnown) =>
        _pools.TryGetValue(pool, out var of) && of.Orgs > 1 ? of.Series.Components(of.Hours.From, of.Hours.Materiality, isKnown) : [];

    /// <summary>Orgs are in several zones.</summary>
    private static (int ClockHour, bool IsWeekend) UtcClock(long hour) => ((int)(hour % 24), (hour / 24 + 4) % 7 is 0 or 6);
}
