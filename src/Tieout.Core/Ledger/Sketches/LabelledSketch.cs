using Tieout.Core.Metering;

namespace Tieout.Core.Ledger.Sketches;

/// <param name="Slot">When the hour or the range begins that is counted.</param>
public sealed record LabelledSketch(Instant Slot, UsageLabels Labels, UsageSketch Sketch);
