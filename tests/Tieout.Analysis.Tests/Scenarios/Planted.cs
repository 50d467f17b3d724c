using Tieout.Analysis.Detection;
using Tieout.Analysis.Why;

namespace Tieout.Analysis.Tests.Scenarios;

/// <summary>A cause that is planted in traffic, and what a report must say of it.</summary>
/// <param name="Causes">One of these must come first.</param>
/// <param name="Place">What the segment must be; empty: broad.</param>
internal sealed record Planted(string Name, SpikeVerdict[] Verdicts, SpikeCause[] Causes, string[] Place, Action<Stream, string?, int, Behaviour> Inject)
{
    public int Onset { get; init; }

    public SegmentShape Shape { get; init; } = SegmentShape.Unknown;

    public ArrivalSigns Signs { get; init; }

    public MeteringCause? Metering { get; init; }

    /// <summary>The hours that the report judges as of; without those after it.</summary>
    public int Now { get; init; } = Traffic.Hours;

    /// <summary>The first hour of the org.</summary>
    public int Since { get; init; }
}
