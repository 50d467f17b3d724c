namespace Tieout.Core.Pricing;

/// <summary>The exact upper bound of a price.</summary>
internal static class PriceCeiling
{
    /// <summary>
    /// Whatever way tokens fall into classes, the classes of a direction are disjoint and add up to its count at most;
    /// so all of them at the dearest rate is enough.
    /// </summary>
    public static decimal Of(RateCard rates, in UsageBounds bounds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bounds.InputTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(bounds.OutputTokens);
        ArgumentOutOfRangeException.ThrowIfNegative(bounds.ToolCalls);
        decimal input = 0, output = 0, tool = 0, request = 0, character = 0, second = 0;
        foreach (var (unit, rate) in rates.Rates)
        {
            var each = rate.DearestTo(bounds.InputTokens) / unit.Per;
            switch (unit.Family, unit.Direction)
            {
                case ("tokens", "input"): input = decimal.Max(input, each); break;
                case ("tokens", "output"): output = decimal.Max(output, each); break;
                case ("tool_calls", _): tool = decimal.Max(tool, each); break;
                case ("requests", _): request = each; break;
                case ("characters", _): character = decimal.Max(character, each); break;
                case ("durations", _): second = decimal.Max(second, each); break;
            }
        }

        return input * bounds.InputTokens + output * bounds.OutputTokens + tool * bounds.ToolCalls + request * bounds.Requests
            + character * bounds.Characters + second * bounds.Seconds;
    }
}
