using System.Globalization;

namespace Tieout.Simulator.Provider;

/// <summary>How one answer is to go wrong: the <c>X-Sim-Fault</c> header, a comma-separated list.</summary>
/// <param name="Status"><c>429</c> or <c>500</c>: answered with the dialect's error body, nothing is billed.</param>
/// <param name="Slow"><c>slow:MS</c>: wait before the first byte.</param>
/// <param name="Pace"><c>pace:MS</c>: wait between the events of a stream.</param>
/// <param name="CutAfter"><c>cut:N</c>: close the connection after N events of a stream, or N bytes of a body; always before its end.</param>
/// <param name="NoUsage"><c>no-usage</c>: the answer does not say what it used, though it is billed.</param>
/// <param name="UsageTwice"><c>usage-twice</c>: a running count first, then the final one; only the last is right.</param>
internal sealed record SimulatedFaults(
    int? Status = null, TimeSpan Slow = default, TimeSpan Pace = default, int? CutAfter = null, bool NoUsage = false, bool UsageTwice = false)
{
    public static readonly SimulatedFaults None = new();

    private const int DelayMsMax = 600_000;

    /// <exception cref="SimulatedRequestException">A word that is no fault. Ignored, a test would pass for the wrong reason.</exception>
    public static SimulatedFaults Parse(string? header)
    {
        var faults = None;
        foreach (var fault in (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            faults = fault.Split(':') switch
            {
                ["none"] => faults,
                ["429"] => faults with { Status = 429 },
                ["500"] => faults with { Status = 500 },
                ["slow", var ms] when Number(ms) is { } wait and <= DelayMsMax => faults with { Slow = TimeSpan.FromMilliseconds(wait) },
                ["pace", var ms] when Number(ms) is { } wait and <= DelayMsMax => faults with { Pace = TimeSpan.FromMilliseconds(wait) },
                ["cut", var count] when Number(count) is { } after => faults with { CutAfter = after },
                ["no-usage"] => faults with { NoUsage = true },
                ["usage-twice"] => faults with { UsageTwice = true },
                _ => throw new SimulatedRequestException(
                    $"X-Sim-Fault: '{fault}' is none of 429, 500, slow:MS, pace:MS, cut:N, no-usage, usage-twice, none.", "X-Sim-Fault"),
            };
        }

        return faults;
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
