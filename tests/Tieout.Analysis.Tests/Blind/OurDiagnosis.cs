using Tieout.Analysis.Detection;
using Tieout.Analysis.Why;

namespace Tieout.Analysis.Tests.Blind;

/// <summary>What <c>tieout spike</c> says: the same functions that the server calls.</summary>
internal static class OurDiagnosis
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<(Said Said, Diagnosis Found)> OfAsync(MeteredTraffic traffic)
    {
        var found = await Diagnosis.OfAsync(traffic.Hours, traffic, Stop);
        var causes = found.Causes.Select(cause => new SaidCause(cause.Cause, Place(cause))).ToList();
        var (verdict, onset) = (found.Verdict, found.Timing.HasOnset ? found.Timing.From : (long?)null);

        // What rises while something else falls is named among the labels.
        if (verdict is (SpikeVerdict.None or SpikeVerdict.Blip or SpikeVerdict.Benign) && found.Components is [var first, ..])
        {
            (verdict, onset) = (first.Timing.Verdict, first.Timing.From);
            causes.AddRange(found.ComponentCauses.Select(cause => new SaidCause(cause.Cause, Place(cause))));
        }

        return (new(verdict, causes, onset is { } hour ? (int)(hour - traffic.BaselineFrom) : null, found.Metering?.ToString()), found);
    }

    private static Dictionary<string, string> Place(NamedCause cause) =>
        (cause.Place?.Coordinates ?? []).ToDictionary(each => each.Dimension, each => each.Value ?? "");
}
