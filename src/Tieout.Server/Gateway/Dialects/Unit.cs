using Tieout.Core.Metering;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Units that the gateway counts itself, because some providers charge them and do not report them.</summary>
internal static class Unit
{
    public static readonly UsageUnit Requests = UsageUnits.Requests;
    public static readonly UsageUnit Characters = UsageUnits.Find("input_characters")!;
    public static readonly UsageUnit AudioSeconds = UsageUnits.Find("input_audio_seconds")!;

    public static UsageCounts Counts(UsageUnit unit, long count) => UnitCounts.Of((unit, count)).ToUsageCounts();
}
