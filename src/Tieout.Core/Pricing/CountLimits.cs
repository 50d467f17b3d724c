using Tieout.Core.Metering;

namespace Tieout.Core.Pricing;

/// <summary>The one rule for how much a single usage record may count, asked at every door.</summary>
/// <remarks>
/// Tokens: at most 16 context windows of the model where a price list knows the window, but never less than a million, because a request for
/// embeddings carries many inputs of a window each. Otherwise, and for every other unit, <see cref="UsageUnit.Max"/>.
/// </remarks>
public static class CountLimits
{
    public const int WindowsMax = 16;

    /// <summary>OpenAI takes 300,000 tokens in one request for embeddings of a model with a window of 8,192.</summary>
    public const long TokensMin = 1_000_000;

    public static long Of(UsageUnit unit, ModelLimits limits) =>
        unit.Family == UsageUnits.InputTokens.Family && limits.ContextWindow is { } window and >= 0 && window < unit.Max / WindowsMax
            ? Math.Max(WindowsMax * window, TokensMin)
            : unit.Max;

    /// <summary>The first count above its limit; null: all are within.</summary>
    /// <exception cref="FormatException"><see cref="UsageCounts.More"/> is not an object of known units and counts.</exception>
    public static CountExcess? Check(in UsageCounts counts, ModelLimits limits)
    {
        if (counts.More is null)
        {
            var max = Of(UsageUnits.InputTokens, limits);
            if (counts.InputTokens <= max && counts.CacheReadTokens <= max && counts.CacheWriteTokens <= max && counts.OutputTokens <= max
                && counts.ReasoningTokens <= max)
            {
                return null;
            }
        }

        foreach (var (unit, count) in UnitCounts.Of(counts).Counted)
        {
            if (count > Of(unit, limits)) return new(unit, count, Of(unit, limits));
        }

        return null;
    }
}

/// <summary>A count that one record may not have.</summary>
public sealed record CountExcess(UsageUnit Unit, long Count, long Max);
