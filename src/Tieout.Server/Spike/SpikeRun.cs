using System.Runtime.CompilerServices;
using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Where;
using Tieout.Analysis.Why;
using Tieout.Server.Pricing;
using Tieout.Storage;

namespace Tieout.Server.Spike;

/// <summary>What a report found, of which hours.</summary>
/// <param name="Tools">Those with findings first.</param>
internal sealed record SpikeResult(SpikeRequest Request, Diagnosis Found, IReadOnlyList<ToolChange> Tools, SpikeSignals Signals, long AsOf)
{
    public IReadOnlyList<(long Hour, Int128 Cost)> Hours => Found.Hours;

    public SpikeTiming Timing => Found.Timing;

    public CostChange Change => Found.Change;

    public MeteringCause? Metering => Found.Metering;

    public Drivers Drivers => Found.Drivers;

    public IReadOnlyList<NamedCause> Causes => Found.Causes;

    public SegmentShape Whole => Found.Whole;

    public IReadOnlyList<Component> Components => Found.Components;

    public IReadOnlyList<NamedCause> ComponentCauses => Found.ComponentCauses;

    public SpikeVerdict Verdict => Found.Verdict;
}

/// <summary>Diagnoses a cost from the hours of the ledger.</summary>
internal sealed class SpikeRun(ILedger ledger, CurrentPrices prices, AttemptClasses classes)
{
    /// <summary>Of what counts as a spike: above the baseline by a fifth. A rise of less in an hour than this is below notice, in nano-units: 0.01.</summary>
    private static readonly Materiality Material = new(0.2, 10_000_000);

    public async Task<SpikeResult> RunAsync(SpikeRequest request, CancellationToken cancellationToken)
    {
        var asOf = ledger.Read.AsOf;
        var found = await Diagnosis.OfAsync(HoursOf(request), Source(request), cancellationToken);
        var tools = await SpikeTools.ReadAsync(ledger.Read, request, found.Timing, cancellationToken);
        return new(request, found, tools, await SpikeSignals.ReadAsync(ledger.Read, request, found.Timing, cancellationToken), asOf);
    }

    /// <summary>Whether the cost of an org rose, and since when; nothing about why.</summary>
    /// <param name="pass">Takes the hours for what is judged over all orgs, too.</param>
    public Task<SpikeTiming> JudgeAsync(SpikeRequest request, DetectorPass pass, CancellationToken cancellationToken) =>
        pass.JudgeAsync(request.Asset, HoursOf(request), Source(request), cancellationToken);

    private DiagnosisHours HoursOf(SpikeRequest request) => new(
        SpikeLines.Dimensions, SpikeRequest.HourOf(request.BaselineFrom), SpikeRequest.HourOf(request.From), SpikeRequest.HourOf(request.To),
        hour => Clock(hour, request.Zone), Material)
    { Classes = classes };

    private LedgerHours Source(SpikeRequest request)
    {
        var lines = new SpikeLines(ledger.Read, prices.Get());
        return new(request, lines, new SpikeShape(ledger.Read, request, lines), new SpikeArrival(ledger.Read, request));
    }

    private static (int ClockHour, bool IsWeekend) Clock(long hour, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(SpikeRequest.StartOf(hour).ToDateTimeOffset(), zone);
        return (local.Hour, local.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday);
    }

    private sealed class LedgerHours(SpikeRequest request, SpikeLines lines, SpikeShape shape, SpikeArrival arrival) : IDiagnosisSource
    {
        public async IAsyncEnumerable<HourLine> LinesAsync(long from, long to, bool isSplit, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (var org in request.Orgs)
            {
                await foreach (var line in lines.ReadAsync(org, SpikeRequest.StartOf(from), SpikeRequest.StartOf(to), isSplit, cancellationToken))
                {
                    yield return line;
                }
            }
        }

        public Task<SegmentShape> ShapeAsync(Segment? segment, SpikeTiming timing, CancellationToken cancellationToken) =>
            shape.OfAsync(segment, timing, cancellationToken);

        public Task<ArrivalSigns> ArrivalAsync(CostChange change, SpikeTiming timing, CancellationToken cancellationToken) =>
            arrival.OfAsync(change, timing, cancellationToken);
    }
}
