using System.Globalization;
using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Server.Gateway.Signals;
using Tieout.Server.Http;

namespace Tieout.Server.Spike;

/// <summary>The questions of the runbook, each with its figures: expected, then actual.</summary>
internal static class SpikeSteps
{
    /// <summary>A driver that made this part of the rise is a finding.</summary>
    private const double FindingMin = 0.2;

    public static IReadOnlyList<SpikeStepBody> Of(SpikeResult result)
    {
        var (change, leaves) = (result.Change, result.Change.Leaves);
        var (before, after) = (Sum(leaves, leaf => leaf.Expected.Attempts), Sum(leaves, leaf => leaf.Actual.Attempts));
        return
        [
            Step(1, "Is the rise real and lasting?", result.Verdict is SpikeVerdict.Rising or SpikeVerdict.Sustained or SpikeVerdict.Metering,
                $"verdict: {SnakeCase.Of(result.Verdict)}, {result.Timing.HoursAbove} hours far above the usual",
                Line("requests", before, after),
                Line("cost of 1,000 requests", Thousand(change.Expected, before), Thousand(change.Actual, after), 4)),
            Step(2, "Is it traffic?", IsDriver(result, CostDriver.Volume) || IsDriver(result, CostDriver.Mix),
                [
                    Line("distinct users of as long a time", result.Whole.UsersExpected ?? 0, result.Whole.UsersActual ?? 0),
                    Line("primary requests", Of(leaves, AttemptClass.Primary, leaf => leaf.Expected), Of(leaves, AttemptClass.Primary, leaf => leaf.Actual)),
                    .. Signals(result, SignalCount.Agent, "requests are sent by the agent class"),
                ]),
            Step(3, "Is it hidden recompute?", IsDriver(result, CostDriver.HiddenRecompute), [.. Hidden(leaves)]),
            Step(4, "Are requests or answers longer?",
                IsDriver(result, CostDriver.InputTokens) || IsDriver(result, CostDriver.OutputTokens) || IsDriver(result, CostDriver.Cache),
                [.. Tokens(result, before, after)]),
            Step(5, "Is it one feature?", result.Causes.Any(cause => cause.Place?.Has("feature") is true), [.. Features(leaves)]),
            Step(6, "Do tools fail?", IsDriver(result, CostDriver.ToolRetries) || result.Tools.Any(tool => tool.IsFinding), [.. Tools(result)]),
        ];
    }

    private static SpikeStepBody Step(int no, string title, bool isFinding, params string[] figures) =>
        new(no, title, isFinding ? "finding" : "pass", figures, isFinding ? SpikeAdvice.Of(no) : null);

    private static bool IsDriver(SpikeResult result, CostDriver driver) => result.Timing.HasOnset
        && result.Timing.Verdict is not (SpikeVerdict.Benign or SpikeVerdict.Blip) && result.Drivers.Rise > 0
        && (double)result.Change.Parts[driver] >= FindingMin * (double)result.Drivers.Rise;

    private static IEnumerable<string> Hidden(IReadOnlyList<LeafChange> leaves)
    {
        var (before, after) = (Of(leaves, AttemptClass.Primary, leaf => leaf.Expected), Of(leaves, AttemptClass.Primary, leaf => leaf.Actual));
        foreach (var trigger in leaves.Where(leaf => leaf.Leaf.Class is AttemptClass.Hidden).GroupBy(leaf => leaf.Leaf.Trigger).OrderBy(
            group => group.Key, StringComparer.Ordinal))
        {
            yield return Line($"{trigger.Key} for 100 primary requests",
                Ratio(100 * trigger.Sum(leaf => leaf.Leaf.Expected.Attempts), before), Ratio(100 * trigger.Sum(leaf => leaf.Leaf.Actual.Attempts), after), 2);
        }
    }

    private static IEnumerable<string> Tokens(SpikeResult result, double before, double after)
    {
        var leaves = result.Change.Leaves;
        yield return Line("input tokens of a request", Ratio(Tokens(leaves, Expected, 0, 3), before), Ratio(Tokens(leaves, Actual, 0, 3), after));
        if (result.Whole is { InputExpected: { } first, InputActual: { } second }) yield return Line("p95 of input tokens", first.P95, second.P95);
        yield return Line("output tokens of a request", Ratio(Tokens(leaves, Expected, 3, 5), before), Ratio(Tokens(leaves, Actual, 3, 5), after));
        foreach (var line in Signals(result, SignalCount.Finish, "answers end by")) yield return line;
        yield return Line("per cent of the input read from a cache", Ratio(100 * Tokens(leaves, Expected, 1, 2), Tokens(leaves, Expected, 0, 3)),
            Ratio(100 * Tokens(leaves, Actual, 1, 2), Tokens(leaves, Actual, 0, 3)), 1);
    }

    private static IEnumerable<string> Features(IReadOnlyList<LeafChange> leaves) => leaves
        .GroupBy(leaf => leaf.Leaf.Values[SpikeLines.Dimensions.IndexOf("feature")])
        .Select(group => (Feature: group.Key, Before: Sum(group, leaf => (double)leaf.Expected.Cost), After: Sum(group, leaf => (double)leaf.Actual.Cost)))
        .OrderByDescending(each => each.After - each.Before).ThenBy(each => each.Feature, StringComparer.Ordinal).Take(3)
        .Select(each => Line($"cost of {each.Feature ?? "(no feature)"}", Whole(each.Before), Whole(each.After), 2));

    private static IEnumerable<string> Tools(SpikeResult result)
    {
        var leaves = result.Change.Leaves;
        yield return Line("requests again after a tool failed", Of(leaves, AttemptClass.ToolRetry, leaf => leaf.Expected),
            Of(leaves, AttemptClass.ToolRetry, leaf => leaf.Actual));
        if (result.Tools.Count == 0) yield return "tool calls: none are recorded";
        foreach (var tool in result.Tools.Take(SpikeTools.ShownMax))
        {
            yield return Line($"calls of {tool.Tool}", tool.CallsExpected, tool.Actual.Calls);
            yield return Line($"failures of 100 calls of {tool.Tool}", 100 * tool.FailuresBefore, 100 * tool.FailuresAfter, 1);
            yield return Line($"retries of 100 calls of {tool.Tool}", 100 * tool.RetriesBefore, 100 * tool.RetriesAfter, 1);
        }
    }

    private static IEnumerable<string> Signals(SpikeResult result, string signal, string of) =>
        result.Signals.Of(signal).Select(change => Line($"of 100 {of} {change.Value}", change.Before, change.After, 1));

    private static LeafFigures Expected(CostLeaf leaf) => leaf.Expected;

    private static LeafFigures Actual(CostLeaf leaf) => leaf.Actual;

    private static double Tokens(IReadOnlyList<LeafChange> leaves, Func<CostLeaf, LeafFigures> of, int first, int end) =>
        leaves.Sum(leaf => of(leaf.Leaf).Tokens[first..end].Sum());

    private static double Of(IReadOnlyList<LeafChange> leaves, AttemptClass cause, Func<CostLeaf, LeafFigures> of) =>
        leaves.Where(leaf => leaf.Leaf.Class == cause).Sum(leaf => of(leaf.Leaf).Attempts);

    private static double Sum(IEnumerable<LeafChange> leaves, Func<CostLeaf, double> of) => leaves.Sum(leaf => of(leaf.Leaf));

    private static double Thousand(Int128 nanos, double attempts) => Ratio(Whole((double)nanos) * 1_000, attempts);

    private static double Whole(double nanos) => nanos / Core.Money.Amount.NanosPerUnit;

    private static double Ratio(double part, double whole) => whole == 0 ? 0 : part / whole;

    private static string Line(string name, double before, double after, int decimals = 0)
    {
        var change = before > 0 ? $" ({(after / before - 1) * 100:+0;-0;0} %)" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{name}: {Text(before)} expected, {Text(after)} actual{change}");

        string Text(double value) => value.ToString($"N{decimals}", CultureInfo.InvariantCulture);
    }
}
