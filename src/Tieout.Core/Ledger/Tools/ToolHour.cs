namespace Tieout.Core.Ledger.Tools;

/// <param name="Org">Number of the org's first account.</param>
/// <param name="Start">When the hour of UTC begins in which the calls count.</param>
/// <param name="Feature">Empty: the calls name no feature.</param>
public readonly record struct ToolHourKey(int Org, Instant Start, string Feature, string Tool);

/// <summary>What the calls of one tool for one feature come to in an hour.</summary>
public sealed class ToolHour(ToolHourKey key)
{
    public ToolHourKey Key { get; } = key;

    public long Calls { get; set; }

    /// <summary>Calls without a usable result.</summary>
    public long Failures { get; set; }

    /// <summary>How often calls were tried again.</summary>
    public long Retries { get; set; }

    public void Count(ToolCall call)
    {
        Calls++;
        if (call.Failed) Failures++;
        Retries += call.Retries;
    }

    public void Add(ToolHour other)
    {
        Calls += other.Calls;
        Failures += other.Failures;
        Retries += other.Retries;
    }
}
