using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Why;
using Tieout.Server.Pricing;
using Tieout.Storage;

namespace Tieout.Server.Spike;

/// <summary>A cause with where it is and what the figures there look like.</summary>
internal sealed record NamedCause(SpikeCause Cause, DriverFinding Finding, Analysis.Where.Segment? Place, SegmentShape Shape);

/// <summary>What a report found.</summary>
/// <param name="Hours">The cost of each hour from the start of the baseline on, in nano-units.</param>
/// <param name="Metering">The rise is the meter's; null: it is real, or there is none.</param>
/// <param name="Causes">Empty: no cause is named.</param>
/// <param name="Components">Labels that rose although the whole did not.</param>
/// <param name="Tools">Those with findings first.</param>
internal sealed record SpikeResult(
    SpikeRequest Request, IReadOnlyList<(long Hour, Int128 Cost)> Hours, SpikeTiming Timing, CostChange Change, MeteringCause? Metering, Drivers Drivers,
    IReadOnlyList<NamedCause> Causes, SegmentShape Whole, IReadOnlyList<Component> Components, IReadOnlyList<ToolChange> Tools, long AsOf)
{
    public SpikeVerdict Verdict => Metering is null ? Timing.Verdict : SpikeVerdict.Metering;
}

/// <summary>Diagnoses a cost: reads its hours, judges them, splits the change, and names the cause.</summary>
internal sealed class SpikeRun(ILedger ledger, CurrentPrices prices, AttemptClasses classes)
{
    /// <summary>Of what counts as a spike: above the baseline by a fifth. A rise of less in an hour than this is below notice, in nano-units: 0.01.</summary>
    private static readonly Materiality Material = new(0.2, 10_000_000);

    public async Task<SpikeResult> RunAsync(SpikeRequest request, CancellationToken cancellationToken)
    {
        var (read, lines) = (ledger.Read, new SpikeLines(ledger.Read, prices.Get()));
        var asOf = read.AsOf;
        var (series, judgedFrom) = (await SeriesAsync(request, lines, cancellationToken), SpikeRequest.HourOf(request.From));
        var timing = SpikeTimer.Judge(series.Points(), judgedFrom, Material);
        var components = timing.Verdict is SpikeVerdict.None ? series.Components(judgedFrom, Material) : [];
        var change = await ChangeAsync(request, lines, timing, cancellationToken);
        var shape = new SpikeShape(read, request, lines);
        var whole = await shape.OfAsync(null, timing, cancellationToken);
        var metering = timing.Verdict is SpikeVerdict.Rising or SpikeVerdict.Sustained or SpikeVerdict.Ended ? MeteringRules.Of(change, default) : null;
        var drivers = Drivers.Of(change);
        var causes = new List<NamedCause>();
        if (IsNamed(timing.Verdict) && metering is null)
        {
            foreach (var finding in drivers.Findings)
            {
                var there = finding.First is null ? whole : await shape.OfAsync(finding.First, timing, cancellationToken);
                var cause = CauseNaming.Of(change, finding, there);
                causes.Add(new(cause, finding, CauseNaming.Place(cause, finding), there));
            }
        }

        var tools = await SpikeTools.ReadAsync(read, request, timing, cancellationToken);
        return new(request, series.Costs(), timing, change, metering, drivers, causes, whole, components, tools, asOf);
    }

    /// <summary>Whether the cost rose, and since when; nothing about why.</summary>
    public async Task<SpikeTiming> JudgeAsync(SpikeRequest request, CancellationToken cancellationToken) => SpikeTimer.Judge(
        (await SeriesAsync(request, new(ledger.Read, prices.Get()), cancellationToken)).Points(), SpikeRequest.HourOf(request.From), Material);

    private static bool IsNamed(SpikeVerdict verdict) => verdict is SpikeVerdict.Rising or SpikeVerdict.Sustained or SpikeVerdict.Ended;

    private static async Task<HourSeries> SeriesAsync(SpikeRequest request, SpikeLines lines, CancellationToken cancellationToken)
    {
        var series = new HourSeries(
            SpikeLines.Dimensions, SpikeRequest.HourOf(request.BaselineFrom), SpikeRequest.HourOf(request.To), hour => Clock(hour, request.Zone));
        foreach (var org in request.Orgs)
        {
            await foreach (var line in lines.ReadAsync(org, request.BaselineFrom, request.To, isSplit: false, cancellationToken)) series.Add(line);
        }

        return series;
    }

    private static (int ClockHour, bool IsWeekend) Clock(long hour, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(SpikeRequest.StartOf(hour).ToDateTimeOffset(), zone);
        return (local.Hour, local.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday);
    }

    private async Task<CostChange> ChangeAsync(SpikeRequest request, SpikeLines lines, SpikeTiming timing, CancellationToken cancellationToken)
    {
        var comparison = new PeriodComparison(SpikeLines.Dimensions, classes, timing.Weights, timing.From, timing.To);
        foreach (var org in request.Orgs)
        {
            await foreach (var line in lines.ReadAsync(org, request.BaselineFrom, SpikeRequest.StartOf(timing.To), isSplit: true, cancellationToken))
            {
                comparison.Add(line);
            }
        }

        return comparison.Change();
    }
}
