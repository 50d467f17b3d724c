using System.Collections.Immutable;
using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Where;

namespace Tieout.Analysis.Why;

/// <summary>A cause with where it is and what the figures there look like.</summary>
/// <param name="Place">The segment that a person would act on; null: the cause is everywhere.</param>
public sealed record NamedCause(SpikeCause Cause, DriverFinding Finding, Segment? Place, SegmentShape Shape);

/// <summary>Which hours are judged, and against which.</summary>
/// <param name="Dimensions">The names of the values of each line.</param>
/// <param name="BaselineFrom">The first hour of the baseline.</param>
/// <param name="From">Where the baseline ends, and the judged hours begin.</param>
/// <param name="To">The end, excluded.</param>
/// <param name="Clock">The hour on the clock of the zone and whether it is of a weekend.</param>
/// <param name="Materiality">What counts as a spike.</param>
public sealed record DiagnosisHours(
    ImmutableArray<string> Dimensions, long BaselineFrom, long From, long To, Func<long, (int ClockHour, bool IsWeekend)> Clock, Materiality Materiality)
{
    /// <summary>Which triggers mean that work is done again.</summary>
    public AttemptClasses Classes { get; init; } = AttemptClasses.Default;
}

/// <summary>Where a diagnosis reads hours from.</summary>
public interface IDiagnosisSource
{
    /// <summary>The lines from one hour to another, excluded, in the order of time.</summary>
    /// <param name="isSplit">Whether lines say what each sort of tokens cost, where that is known.</param>
    IAsyncEnumerable<HourLine> LinesAsync(long from, long to, bool isSplit, CancellationToken cancellationToken);

    /// <summary>What the requests of the compared hours are like.</summary>
    /// <param name="segment">Null: all requests.</param>
    Task<SegmentShape> ShapeAsync(Segment? segment, SpikeTiming timing, CancellationToken cancellationToken);

    /// <summary>How usage of the compared hours arrived.</summary>
    /// <param name="change">What rose, for a source that looks at a sample.</param>
    Task<ArrivalSigns> ArrivalAsync(CostChange change, SpikeTiming timing, CancellationToken cancellationToken);
}

/// <summary>What a diagnosis found.</summary>
/// <param name="Hours">The cost of each hour from the start of the baseline on, in nano-units.</param>
/// <param name="Metering">The rise is the meter's; null: it is real, or there is none.</param>
/// <param name="Causes">Empty: no cause is named.</param>
/// <param name="Components">Labels that rose although the whole did not.</param>
/// <param name="ComponentCauses">Why the first of them rose.</param>
public sealed record Diagnosis(
    IReadOnlyList<(long Hour, Int128 Cost)> Hours, SpikeTiming Timing, CostChange Change, MeteringCause? Metering, Drivers Drivers,
    IReadOnlyList<NamedCause> Causes, SegmentShape Whole, IReadOnlyList<Component> Components, IReadOnlyList<NamedCause> ComponentCauses)
{
    /// <summary>A driver of everything explains a label that rose if it is this part of its rise.</summary>
    private const double ComponentPartMin = 0.5;

    public SpikeVerdict Verdict => Metering is null ? Timing.Verdict : SpikeVerdict.Metering;

    /// <summary>Diagnoses a cost: judges its hours, splits the change, and names the cause.</summary>
    public static async Task<Diagnosis> OfAsync(DiagnosisHours hours, IDiagnosisSource source, CancellationToken cancellationToken)
    {
        var series = await SeriesAsync(hours, source, cancellationToken);
        var timing = SpikeTimer.Judge(series.Points(), hours.From, hours.Materiality);
        var components = IsNamed(timing.Verdict) || timing.Verdict is SpikeVerdict.InsufficientBaseline ? [] : series.Components(hours.From, hours.Materiality);
        var change = await ChangeAsync(hours, source, timing, cancellationToken);
        var drivers = Drivers.Of(change);
        var refined = await RefinedAsync(hours, source, series.Points(), timing, drivers, cancellationToken);
        if ((refined.From, refined.To) != (timing.From, timing.To))
        {
            change = await ChangeAsync(hours, source, refined, cancellationToken);
            drivers = Drivers.Of(change);
        }

        timing = refined;
        var whole = await source.ShapeAsync(null, timing, cancellationToken);
        var metering = IsNamed(timing.Verdict) ? MeteringRules.Of(change, await source.ArrivalAsync(change, timing, cancellationToken)) : null;
        var causes = new List<NamedCause>();
        if (IsNamed(timing.Verdict) && metering is null)
        {
            foreach (var finding in drivers.Findings)
            {
                causes.Add(Named(change, finding, finding.First is null ? whole : await source.ShapeAsync(finding.First, timing, cancellationToken)));
            }
        }

        var hidden = components is [var component, ..] ? await ComponentCausesAsync(hours, source, component, cancellationToken) : [];
        return new(series.Costs(), timing, change, metering, drivers, causes, whole, components, hidden);
    }

    private static NamedCause Named(CostChange change, DriverFinding finding, SegmentShape shape)
    {
        var cause = CauseNaming.Of(change, finding, shape);
        return new(cause, finding, CauseNaming.Place(change, cause, finding), shape);
    }

    /// <summary>Why a label rose: by what rose everywhere if that is most of it, otherwise by what changed within the label alone.</summary>
    private static async Task<IReadOnlyList<NamedCause>> ComponentCausesAsync(
        DiagnosisHours hours, IDiagnosisSource source, Component component, CancellationToken cancellationToken)
    {
        var change = await ChangeAsync(hours, source, component.Timing, cancellationToken);
        var findings = Drivers.Of(change).Findings;
        if (findings is not [var first, ..] || (double)first.Effect < ComponentPartMin * ((double)component.Actual - component.Timing.Expected))
        {
            var share = change.Expected > 0 ? component.Timing.Expected / (double)change.Expected : 0;
            var label = new Segment([new(component.Dimension, component.Value)], component.Actual - (Int128)component.Timing.Expected, 1, share);
            change = CostChange.Of([.. change.Leaves.Select(leaf => leaf.Leaf).Where(leaf => label.Contains(hours.Dimensions, leaf.Values))], hours.Dimensions);
            if (Drivers.Of(change).Findings is not [var own, ..]) return [];
            if (own.First is { } part) label = part with { Coordinates = [label.Coordinates[0], .. part.Coordinates], Share = share * part.Share };
            first = own with { Segments = [label] };
        }

        return [Named(change, first, await source.ShapeAsync(first.First, component.Timing, cancellationToken))];
    }

    private static bool IsNamed(SpikeVerdict verdict) => verdict is SpikeVerdict.Rising or SpikeVerdict.Sustained or SpikeVerdict.Ended;

    private static async Task<HourSeries> SeriesAsync(DiagnosisHours hours, IDiagnosisSource source, CancellationToken cancellationToken)
    {
        var series = new HourSeries(hours.Dimensions, hours.BaselineFrom, hours.To, hours.Clock);
        await foreach (var line in source.LinesAsync(hours.BaselineFrom, hours.To, isSplit: false, cancellationToken)) series.Add(line);
        return series;
    }

    /// <summary>When the first driver's segment rose, which its own hours say more exactly than those of everything.</summary>
    private static async Task<SpikeTiming> RefinedAsync(
        DiagnosisHours hours, IDiagnosisSource source, IReadOnlyList<HourPoint> points, SpikeTiming timing, Drivers drivers,
        CancellationToken cancellationToken)
    {
        if (timing.Verdict is not (SpikeVerdict.Sustained or SpikeVerdict.Ended) || drivers.Findings is not [{ First: { } segment } first, ..]) return timing;
        var own = new SegmentHours(segment, hours.Dimensions, hours.Classes, hours.BaselineFrom, hours.To);
        await foreach (var line in source.LinesAsync(hours.BaselineFrom, hours.To, isSplit: false, cancellationToken)) own.Add(line);
        var series = first.Driver is CostDriver.Volume ? own.Costs(hours.Clock) : own.CostsOfRequest(hours.Clock);
        return SpikeTimer.Refine(timing, points, series, hours.From, hours.Materiality);
    }

    private static async Task<CostChange> ChangeAsync(
        DiagnosisHours hours, IDiagnosisSource source, SpikeTiming timing, CancellationToken cancellationToken)
    {
        var comparison = new PeriodComparison(hours.Dimensions, hours.Classes, timing.Weights, timing.From, timing.To);
        await foreach (var line in source.LinesAsync(hours.BaselineFrom, timing.To, isSplit: true, cancellationToken)) comparison.Add(line);
        return comparison.Change();
    }
}
