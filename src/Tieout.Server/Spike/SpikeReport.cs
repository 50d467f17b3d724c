using System.Globalization;
using Tieout.Analysis.Change;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Where;
using Tieout.Analysis.Why;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Spike.Mitigations;

namespace Tieout.Server.Spike;

/// <summary>From what was found to the report that is shown.</summary>
internal static class SpikeReport
{
    private const int ContributorsMax = 10;

    private static readonly string[] ContributorLabels = ["org", "feature", "team", "key", "model"];

    /// <param name="mitigations">What is proposed; empty: nothing.</param>
    public static SpikeBody Of(SpikeResult result, IReadOnlyList<MitigationSuggestionBody> mitigations)
    {
        var (request, timing, change) = (result.Request, result.Timing, result.Change);
        var hasOnset = timing.HasOnset;
        return new(
            request.Org, request.Asset, request.Zone.Id, request.To.ToString(), request.BaselineFrom.ToString(), request.From.ToString(),
            SnakeCase.Of(result.Verdict), Because(result), hasOnset ? Hour(timing.From) : null, hasOnset ? Hour(timing.To) : null,
            new(change.Expected), new(change.Actual), new(change.Actual - change.Expected), Percent(change), Sentence(result),
            result.Causes.Count > 0 ? (int)Math.Round(100 * result.Causes.Sum(cause => result.Drivers.ShareOf(cause.Finding))) : null,
            [.. result.Causes.Select(cause => Cause(result, cause))], Parts(change.Parts), (int)Math.Round(100 * change.EstimatedPart), SpikeSteps.Of(result),
            Contributors(change), [.. result.Components.Select(Component)], mitigations,
            [.. result.Hours.Where(hour => hour.Hour >= SpikeRequest.HourOf(request.From)).Select(hour => new SpikeHourBody(Hour(hour.Hour), new(hour.Cost)))],
            result.AsOf);
    }

    private static string? Because(SpikeResult result) => result switch
    {
        { Metering: { } metering } => SnakeCase.Of(metering),
        { Timing.Verdict: SpikeVerdict.Benign } => SnakeCase.Of(result.Timing.Benign),
        _ => null,
    };

    private static string Sentence(SpikeResult result)
    {
        if (result.Metering is { } metering) return CauseWords.Of(metering);
        if (result.Causes.Count > 0) return string.Join(" And: ", result.Causes.Select(Sentence));
        return result.Timing.Verdict switch
        {
            SpikeVerdict.InsufficientBaseline =>
                $"The baseline has less than {HourProfile.DaysMin} days, too little to judge. The parts compare what there is.",
            SpikeVerdict.Blip => "An hour or two cost far more than usual, and it is over. Nothing needs to be done.",
            SpikeVerdict.Benign when result.Timing.Benign is BenignReason.Calendar => "The same hours of the week before cost as much.",
            SpikeVerdict.Benign => "The cost grows as steadily as it did in the baseline.",
            _ when result.Components is [var first, ..] =>
                $"The cost as a whole is as usual, but {first.Dimension} {first.Value} rose since {Hour(first.Timing.From)} while others fell."
                + string.Concat(result.ComponentCauses.Select(cause => $" {Sentence(cause)}")),
            _ => "The cost is as usual.",
        };
    }

    private static string Sentence(NamedCause cause)
    {
        var words = CauseWords.Of(cause.Cause).Sentence;
        return cause.Place is { } place ? $"{words}: {place}." : $"{words}; no part of the traffic stands out.";
    }

    private static SpikeCauseBody Cause(SpikeResult result, NamedCause cause)
    {
        var words = CauseWords.Of(cause.Cause);
        IEnumerable<Segment> places = cause.Place is { } first ? [first, .. cause.Finding.Segments.Skip(1)] : [];
        return new(
            SnakeCase.Of(cause.Cause), SnakeCase.Of(cause.Finding.Driver), new(cause.Finding.Effect),
            (int)Math.Round(100 * result.Drivers.ShareOf(cause.Finding)), [.. places.Select(Place)], Sentence(cause), words.Advice, words.Else);
    }

    private static SpikePlaceBody Place(Segment segment) => new(
        segment.Coordinates.ToDictionary(each => each.Dimension, each => each.Value, StringComparer.Ordinal), new(segment.Effect),
        (int)Math.Round(100 * segment.Coverage), (int)Math.Round(100 * segment.Share));

    private static SpikeComponentBody Component(Component component) => new(
        component.Dimension, component.Value, Hour(component.Timing.From), new((Int128)component.Timing.Expected), new(component.Actual));

    /// <summary>Every driver, also those without an effect: a line that is missing would have to be guessed.</summary>
    private static IReadOnlyList<SpikePartBody> Parts(CostParts parts) =>
    [
        .. Enum.GetValues<CostDriver>().Select(driver =>
        {
            var of = Enum.GetValues<CostPart>().Where(part => CostParts.DriverOf(part) == driver).ToList();
            return new SpikePartBody(SnakeCase.Of(driver), new(parts[driver]),
                of.Count == 1 ? [] : [.. of.Select(part => new SpikeSubPartBody(SnakeCase.Of(part), new(parts[part])))]);
        }),
    ];

    private static IReadOnlyList<SpikeContributorBody> Contributors(CostChange change)
    {
        int[] of = [.. ContributorLabels.Select(label => SpikeLines.Dimensions.IndexOf(label))];
        return
        [
            .. change.Leaves.GroupBy(leaf => string.Join('\u001f', of.Select(dimension => leaf.Leaf.Values[dimension] ?? "\u001e")), StringComparer.Ordinal)
                .Select(group => (group.First().Leaf, Before: Sum(group, leaf => leaf.Expected.Cost), After: Sum(group, leaf => leaf.Actual.Cost)))
                .Where(each => each.After > each.Before)
                .OrderByDescending(each => each.After - each.Before).Take(ContributorsMax)
                .Select(each => new SpikeContributorBody(
                    ContributorLabels.Zip(of).ToDictionary(label => label.First, label => each.Leaf.Values[label.Second], StringComparer.Ordinal),
                    new(each.Before), new(each.After), new(each.After - each.Before))),
        ];
    }

    private static Int128 Sum(IEnumerable<LeafChange> leaves, Func<CostLeaf, Int128> of)
    {
        Int128 sum = 0;
        foreach (var leaf in leaves) sum += of(leaf.Leaf);
        return sum;
    }

    private static decimal? Percent(CostChange change) => change.Expected > 0
        ? Math.Round(new Amount(change.Actual - change.Expected).ToDecimal() / new Amount(change.Expected).ToDecimal() * 100, 1) : null;

    private static string Hour(long hour) =>
        SpikeRequest.StartOf(hour).ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
