using Tieout.Analysis.Detection;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tools;
using Tieout.Storage;

namespace Tieout.Server.Spike;

/// <summary>One tool before and during the compared hours.</summary>
/// <param name="Expected">All calls of the baseline.</param>
/// <param name="ExpectedPart">The compared hours as a part of the baseline, so that both figures are of as long a time.</param>
internal sealed record ToolChange(string Tool, ToolHour Expected, double ExpectedPart, ToolHour Actual)
{
    /// <summary>Fewer calls say nothing about how often a tool fails.</summary>
    private const long CallsMin = 20;

    /// <summary>A rise of less is below notice: five failures, or ten retries, of 100 calls.</summary>
    private const double FailuresMin = 0.05, RetriesMin = 0.1;

    /// <summary>Standard deviations that chance does not reach.</summary>
    private const double Deviations = 4;

    /// <summary>A tool that never failed may fail now and then.</summary>
    private const double UsualMin = 0.01;

    public double CallsExpected => Expected.Calls * ExpectedPart;

    public double FailuresBefore => Part(Expected.Failures, Expected.Calls);

    public double FailuresAfter => Part(Actual.Failures, Actual.Calls);

    public double RetriesBefore => Part(Expected.Retries, Expected.Calls);

    public double RetriesAfter => Part(Actual.Retries, Actual.Calls);

    /// <summary>It fails, or is called again, more often than before and than chance explains.</summary>
    public bool IsFinding => Actual.Calls >= CallsMin
        && ((FailuresAfter - FailuresBefore >= FailuresMin && FailuresAfter - FailuresBefore >= Deviations * Chance(FailuresBefore))
            || (RetriesAfter - RetriesBefore >= RetriesMin && RetriesAfter - RetriesBefore >= Deviations * Chance(Math.Min(1, RetriesBefore))));

    private double Chance(double usual)
    {
        var part = Math.Clamp(usual, UsualMin, 1 - UsualMin);
        return Math.Sqrt(part * (1 - part) / Actual.Calls);
    }

    private static double Part(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}

/// <summary>Reads the tool calls of a report.</summary>
internal static class SpikeTools
{
    /// <summary>Tools that a report shows.</summary>
    public const int ShownMax = 3;

    /// <summary>Tools with findings first, then those with the most failures.</summary>
    public static async Task<IReadOnlyList<ToolChange>> ReadAsync(
        IToolCallsReader read, SpikeRequest request, SpikeTiming timing, CancellationToken cancellationToken)
    {
        var (before, after) = (new Dictionary<string, ToolHour>(StringComparer.Ordinal), new Dictionary<string, ToolHour>(StringComparer.Ordinal));
        foreach (var org in request.Orgs)
        {
            Add(before, await read.ToolHoursAsync(new RecountQuery(org, request.BaselineFrom, request.From), cancellationToken));
            Add(after, await read.ToolHoursAsync(
                new RecountQuery(org, SpikeRequest.StartOf(timing.From), SpikeRequest.StartOf(timing.To)), cancellationToken));
        }

        var part = (timing.To - timing.From) / (request.From - request.BaselineFrom).TotalHours;
        return
        [
            .. before.Keys.Union(after.Keys, StringComparer.Ordinal)
                .Select(tool => new ToolChange(
                    tool, before.GetValueOrDefault(tool) ?? new(default), part, after.GetValueOrDefault(tool) ?? new(default)))
                .OrderByDescending(tool => tool.IsFinding).ThenByDescending(tool => tool.Actual.Failures).ThenByDescending(tool => tool.Actual.Calls)
                .ThenBy(tool => tool.Tool, StringComparer.Ordinal),
        ];
    }

    private static void Add(Dictionary<string, ToolHour> sums, IReadOnlyList<ToolHour> hours)
    {
        foreach (var hour in hours)
        {
            if (!sums.TryGetValue(hour.Key.Tool, out var sum)) sums.Add(hour.Key.Tool, sum = new(default));
            sum.Add(hour);
        }
    }
}
