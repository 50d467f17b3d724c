using System.Collections.Immutable;
using Tieout.Analysis.Change;
using Tieout.Analysis.Where;

namespace Tieout.Analysis.Why;

/// <summary>From a driver, where it is and what the figures there look like to the name of a cause.</summary>
public static class CauseNaming
{
    private const string Key = "key", Feature = "feature", Model = "model", Provider = "provider", Project = "project";

    /// <summary>A segment whose expected cost is below this part of all is new.</summary>
    private const double NewShareMax = 0.002;

    /// <summary>Where users grew by this part of what requests grew by, users made the growth.</summary>
    private const double UsersPartMin = 0.6;

    /// <summary>Below this part of the activity, primary requests did not grow: they moved.</summary>
    private const double VolumePartMin = 0.5;

    private const double SpreadMin = 1.3;

    private const double RampMin = 1.25;

    /// <summary>Reasoning for each visible token grew by this factor at least; otherwise answers as a whole are longer.</summary>
    private const double ReasoningMin = 1.15;

    /// <summary>Of the requests that a segment won, so many were lost by the same callers elsewhere: they moved.</summary>
    private const double MovedMin = 0.5;

    /// <summary>A provider with less than this part of the requests it should have had is down.</summary>
    private const double LostMax = 0.15;

    public static SpikeCause Of(CostChange change, DriverFinding finding, SegmentShape shape)
    {
        var leaves = finding.First is { } segment ? Within(change, segment) : change.Leaves;
        return finding.Driver switch
        {
            CostDriver.Volume => OfActivity(change, finding, leaves, shape),
            CostDriver.HiddenRecompute => OfTrigger(leaves),
            CostDriver.ToolRetries => SpikeCause.ToolFailures,
            CostDriver.InputTokens => IsContext(shape) ? SpikeCause.ContextGrowth : SpikeCause.TemplateGrowth,
            CostDriver.OutputTokens => IsReasoning(leaves) ? SpikeCause.ReasoningEffort : SpikeCause.OutputLength,
            CostDriver.Cache => SpikeCause.CacheMiss,
            CostDriver.Price => Sum(leaves, CostPart.ListPrice) >= Sum(leaves, CostPart.EffectivePrice) ? SpikeCause.ListPrice : SpikeCause.EffectivePrice,
            _ => SpikeCause.Fees,
        };
    }

    /// <summary>The segment that a person would act on: where requests moved to another model, the feature they moved in, or the provider that took them over
    /// from one that has none any more.</summary>
    public static Segment? Place(CostChange change, SpikeCause cause, DriverFinding finding)
    {
        if (finding.First is not { } first || cause is not SpikeCause.ModelMix) return finding.First;
        var (models, callers) = (first.Coordinates.RemoveAll(each => each.Dimension is not (Model or Provider)),
            first.Coordinates.RemoveAll(each => each.Dimension is Model or Provider));
        if (!models.IsEmpty && HasLostProvider(change)) return first with { Coordinates = models };
        if (SegmentSearch.Find(MovedCallers(change), change.Dimensions, Drivers.EffectOf(CostDriver.Volume)) is [var where, ..])
        {
            return first with { Coordinates = where.Coordinates };
        }

        return callers.IsEmpty ? first : first with { Coordinates = callers };
    }

    /// <summary>Whether a provider that had requests has hardly any now.</summary>
    private static bool HasLostProvider(CostChange change) => change.Dimensions.Contains(Provider)
        && change.Leaves.GroupBy(leaf => change.ValueOf(leaf.Leaf, Provider)).Any(provider =>
            Attempts([.. provider], each => each.Actual) < LostMax * Attempts([.. provider], each => each.Expected));

    private static SpikeCause OfActivity(CostChange change, DriverFinding finding, IReadOnlyList<LeafChange> leaves, SegmentShape shape)
    {
        if (finding.First is { } segment)
        {
            if (segment.Share < NewShareMax && segment.Has(Key)) return SpikeCause.NewKey;
            if (HasMovedModel(change, leaves)) return SpikeCause.ModelMix;
            if (segment.Share < NewShareMax && (segment.Has(Feature) || segment.Has(Project) || segment.Has(Model))) return SpikeCause.NewSegment;
        }

        var growth = Ratio(Attempts(leaves, each => each.Actual), Attempts(leaves, each => each.Expected));
        var volume = (double)Sum(leaves, CostPart.Volume) + (finding.First is null ? 0 : (double)Sum(leaves, CostPart.Mix));
        if (volume < VolumePartMin * (double)finding.Effect || growth <= 1) return SpikeCause.Mix;
        if (shape is not { UsersExpected: > 0 and var before, UsersActual: { } after }) return SpikeCause.VolumeSurge;
        return Math.Log(Math.Max(after / before, 0.01)) >= UsersPartMin * Math.Log(growth) ? SpikeCause.MoreUsers : SpikeCause.RequestsPerUser;
    }

    /// <summary>Whether the same callers lost on other models what they won here. Each by itself, or the noise of the others would hide it.</summary>
    private static bool HasMovedModel(CostChange change, IReadOnlyList<LeafChange> leaves)
    {
        var callers = change.Leaves.ToLookup(leaf => CallerOf(change, leaf.Leaf), StringComparer.Ordinal);
        var (won, moved) = (0d, 0d);
        foreach (var caller in leaves.GroupBy(leaf => CallerOf(change, leaf.Leaf), StringComparer.Ordinal))
        {
            var own = caller.Sum(leaf => Math.Max(0, Won(leaf.Leaf)));
            (won, moved) = (won + own, moved + Math.Min(own, callers[caller.Key].Sum(leaf => Math.Max(0, -Won(leaf.Leaf)))));
        }

        return won > 0 && moved >= MovedMin * won;
    }

    /// <summary>A leaf for each caller, of whatever model, with the effect of its move; none where it did not move.</summary>
    private static List<LeafChange> MovedCallers(CostChange change)
    {
        var callers = new List<LeafChange>();
        var primary = change.Leaves.Where(leaf => leaf.Leaf.Class is AttemptClass.Primary);
        foreach (var group in primary.GroupBy(leaf => CallerOf(change, leaf.Leaf), StringComparer.Ordinal))
        {
            var (expected, actual, parts) = (new LeafFigures(), new LeafFigures(), new CostParts());
            foreach (var leaf in group)
            {
                (expected.OtherCost, actual.OtherCost) = (expected.OtherCost + leaf.Leaf.Expected.Cost, actual.OtherCost + leaf.Leaf.Actual.Cost);
            }

            var won = group.Sum(leaf => Math.Max(0, Won(leaf.Leaf)));
            if (won > 0 && group.Sum(leaf => Math.Max(0, -Won(leaf.Leaf))) >= MovedMin * won)
            {
                foreach (var leaf in group) parts.Add(leaf.Parts);
            }

            callers.Add(new(group.First().Leaf with { Values = ValuesOf(change, group.First().Leaf), Expected = expected, Actual = actual }, parts));
        }

        return callers;

        static ImmutableArray<string?> ValuesOf(CostChange change, CostLeaf leaf) =>
            [.. change.Dimensions.Select((dimension, i) => dimension is Model or Provider ? null : leaf.Values[i])];
    }

    private static string CallerOf(CostChange change, CostLeaf leaf) =>
        string.Join('\u001f', change.Dimensions.Select((dimension, i) => dimension is Model or Provider ? null : leaf.Values[i]));

    private static double Won(CostLeaf leaf) => leaf.Class is AttemptClass.Primary ? leaf.Actual.Attempts - leaf.Expected.Attempts : 0;

    /// <summary>Whether models think more for each token that the client sees. Where both grew alike, answers are longer.</summary>
    private static bool IsReasoning(IReadOnlyList<LeafChange> leaves)
    {
        var (before, after) = (Share(leaf => leaf.Expected), Share(leaf => leaf.Actual));
        return after >= ReasoningMin * before && Sum(leaves, CostPart.Reasoning) > Sum(leaves, CostPart.Visible);

        double Share(Func<CostLeaf, LeafFigures> of) => Ratio(Tokens(of, TokenSort.Reasoning), Tokens(of, TokenSort.Visible));

        double Tokens(Func<CostLeaf, LeafFigures> of, TokenSort sort) => leaves.Sum(leaf => of(leaf.Leaf).Tokens[(int)sort]);
    }

    private static SpikeCause OfTrigger(IReadOnlyList<LeafChange> leaves)
    {
        var trigger = leaves.Where(leaf => leaf.Leaf.Class is AttemptClass.Hidden).GroupBy(leaf => leaf.Leaf.Trigger)
            .MaxBy(group => Sum([.. group], CostPart.Hidden))?.Key;
        return trigger switch
        {
            "retry" => SpikeCause.RetryStorm,
            "auto_save" => SpikeCause.AutoSave,
            "undo" => SpikeCause.Undo,
            _ => SpikeCause.HiddenRecompute,
        };
    }

    /// <summary>Context that grows pulls the long requests ahead of the others, and goes on growing; a template adds the same to each at once.</summary>
    private static bool IsContext(SegmentShape shape)
    {
        if (shape.InputRamp >= RampMin) return true;
        if (shape is not { InputExpected: { P50: > 0, P95: > 0 } before, InputActual: { P50: > 0 } after }) return false;
        return after.P95 / after.P50 >= SpreadMin * (before.P95 / before.P50);
    }

    private static List<LeafChange> Within(CostChange change, Segment segment) =>
        [.. change.Leaves.Where(leaf => segment.Contains(change, leaf.Leaf))];

    private static double Attempts(IReadOnlyList<LeafChange> leaves, Func<CostLeaf, LeafFigures> of) => leaves.Sum(leaf => of(leaf.Leaf).Attempts);

    private static double Ratio(double after, double before) => before > 0 ? after / before : double.PositiveInfinity;

    private static Int128 Sum(IReadOnlyList<LeafChange> leaves, CostPart part)
    {
        Int128 sum = 0;
        foreach (var leaf in leaves) sum += leaf.Parts[part];
        return sum;
    }
}
