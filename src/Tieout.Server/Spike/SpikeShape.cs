using Tieout.Analysis.Detection;
using Tieout.Analysis.Where;
using Tieout.Analysis.Why;
using Tieout.Core;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Sketches;
using Tieout.Storage;

namespace Tieout.Server.Spike;

/// <summary>Reads what the requests of a segment are like, from the sketches: how many users, and how their tokens are spread.</summary>
internal sealed class SpikeShape(ISketchReader read, SpikeRequest request, SpikeLines lines)
{
    private const int WeekHours = 168;

    /// <param name="segment">Null: everything.</param>
    public async Task<SegmentShape> OfAsync(Segment? segment, SpikeTiming timing, CancellationToken cancellationToken)
    {
        var (from, to) = (SpikeRequest.StartOf(timing.From), SpikeRequest.StartOf(timing.To));

        // As long a time as the compared hours, a week before, so that weekends meet weekends.
        var (week, length) = (TimeSpan.FromHours(WeekHours), to - from);
        var (before, after) = (new UsageSketch(default), new UsageSketch(default));
        var earlier = from - week >= request.BaselineFrom && length <= week ? from - week : request.BaselineFrom;
        await AddAsync(before, segment, earlier, Earlier(earlier + length, request.From), cancellationToken);
        await AddAsync(after, segment, from, to, cancellationToken);
        return new(before.EndUsers.Count, after.EndUsers.Count, Spread(before), Spread(after), await RampAsync(segment, timing, cancellationToken));
    }

    private static Instant Earlier(Instant one, Instant other) => one < other ? one : other;

    private async Task AddAsync(UsageSketch sum, Segment? segment, Instant from, Instant to, CancellationToken cancellationToken)
    {
        foreach (var org in request.Orgs.Where(org => Has(segment, "org", org.Org.Id)))
        {
            foreach (var sketch in await read.SketchesAsync(new RecountQuery(org, from, to), cancellationToken))
            {
                var values = SpikeLines.ValuesOf(sketch.Labels);
                if (SpikeLines.Dimensions.Zip(values).All(each => Has(segment, each.First, each.Second))) sum.Add(sketch.Sketch);
            }
        }
    }

    /// <summary>Tokens in of a request in the last third of the compared hours, as a multiple of those in the first third.</summary>
    private async Task<double> RampAsync(Segment? segment, SpikeTiming timing, CancellationToken cancellationToken)
    {
        var third = (timing.To - timing.From) / 3;
        if (third == 0) return 1;
        var (first, last) = (await InputAsync(segment, timing.From, timing.From + third, cancellationToken),
            await InputAsync(segment, timing.To - third, timing.To, cancellationToken));
        return first > 0 ? last / first : 1;
    }

    private async Task<double> InputAsync(Segment? segment, long from, long to, CancellationToken cancellationToken)
    {
        var (attempts, tokens) = (0d, 0d);
        foreach (var org in request.Orgs.Where(org => Has(segment, "org", org.Org.Id)))
        {
            await foreach (var line in lines.ReadAsync(org, SpikeRequest.StartOf(from), SpikeRequest.StartOf(to), isSplit: false, cancellationToken))
            {
                if (!SpikeLines.Dimensions.Zip(line.Values).All(each => Has(segment, each.First, each.Second))) continue;
                (attempts, tokens) = (attempts + line.Attempts, tokens + line.Tokens[0] + line.Tokens[1] + line.Tokens[2]);
            }
        }

        return attempts > 0 ? tokens / attempts : 0;
    }

    private static bool Has(Segment? segment, string dimension, string? value) =>
        segment is null || segment.Coordinates.All(each => each.Dimension != dimension || each.Value == value);

    private static TokenSpread? Spread(UsageSketch sketch) => sketch.InputTokens.Quantile(5) is { } p5
        ? new(p5, sketch.InputTokens.Quantile(50)!.Value, sketch.InputTokens.Quantile(95)!.Value) : null;
}
