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

    public static SpikeCause Of(CostChange change, DriverFinding finding, SegmentShape shape)
    {
        var leaves = finding.First is { } segment ? Within(change, segment) : change.Leaves;
        return finding.Driver switch
        {
            CostDriver.Volume => OfActivity(change, finding, leaves, shape),
            CostDriver.HiddenRecompute => OfTrigger(leaves),
            CostDriver.ToolRetries => SpikeCause.ToolFailures,
            CostDriver.InputTokens => IsContext(shape) ? SpikeCause.ContextGrowth : SpikeCause.TemplateGrowth,
            CostDriver.OutputTokens => Sum(leaves, CostPart.Reasoning) > Sum(leaves, CostPart.Visible) ? SpikeCause.ReasoningEffort : SpikeCause.OutputLength,
            CostDriver.Cache => SpikeCause.CacheMiss,
            CostDriver.Price => Sum(leaves, CostPart.ListPrice) >= Sum(leaves, CostPart.EffectivePrice) ? SpikeCause.ListPrice : SpikeCause.EffectivePrice,
            _ => SpikeCause.Fees,
        };
    }

    /// <summary>The segment that a person would act on: where requests moved to another model, the feature they moved in.</summary>
    public static Segment? Place(SpikeCause cause, DriverFinding finding)
    {
        if (finding.First is not { } first || cause is not SpikeCause.ModelMix) return finding.First;
        var rest = first.Coordinates.RemoveAll(each => each.Dimension is Model or Provider);
        return rest.IsEmpty ? first : first with { Coordinates = rest };
    }

    private static SpikeCause OfActivity(CostChange change, DriverFinding finding, IReadOnlyList<LeafChange> leaves, SegmentShape shape)
    {
        if (finding.First is { } segment)
        {
            if (segment.Share < NewShareMax && segment.Has(Key)) return SpikeCause.NewKey;
            if (HasMovedModel(change, segment)) return SpikeCause.ModelMix;
            if (segment.Share < NewShareMax && (segment.Has(Feature) || segment.Has(Project) || segment.Has(Model))) return SpikeCause.NewSegment;
        }

        var growth = Ratio(Attempts(leaves, each => each.Actual), Attempts(leaves, each => each.Expected));
        var volume = (double)Sum(leaves, CostPart.Volume) + (finding.First is null ? 0 : (double)Sum(leaves, CostPart.Mix));
        if (volume < VolumePartMin * (double)finding.Effect || growth <= 1) return SpikeCause.Mix;
        if (shape is not { UsersExpected: > 0 and var before, UsersActual: { } after }) return SpikeCause.VolumeSurge;
        return Math.Log(Math.Max(after / before, 0.01)) >= UsersPartMin * Math.Log(growth) ? SpikeCause.MoreUsers : SpikeCause.RequestsPerUser;
    }

    /// <summary>Whether what surrounds a segment of a model or provider has as many attempts as before, and only they moved.</summary>
    private static bool HasMovedModel(CostChange change, Segment segment)
    {
        if (!segment.Has(Model) && !segment.Has(Provider)) return false;
        var around = segment with { Coordinates = segment.Coordinates.RemoveAll(each => each.Dimension is Model or Provider) };
        var (own, all) = (Within(change, segment), Within(change, around));
        var (before, after) = (Attempts(all, each => each.Expected), Attempts(all, each => each.Actual));
        var gained = Attempts(own, each => each.Actual) - Attempts(own, each => each.Expected);
        return gained > 0 && after - before < 0.5 * gained;
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

    private static List<LeafChange> Within(CostChange change, Segment segment) => [.. change.Leaves.Where(leaf => segment.Coordinates.All(
        each => change.ValueOf(leaf.Leaf, each.Dimension) == each.Value))];

    private static double Attempts(IReadOnlyList<LeafChange> leaves, Func<CostLeaf, LeafFigures> of) => leaves.Sum(leaf => of(leaf.Leaf).Attempts);

    private static double Ratio(double after, double before) => before > 0 ? after / before : double.PositiveInfinity;

    private static Int128 Sum(IReadOnlyList<LeafChange> leaves, CostPart part)
    {
        Int128 sum = 0;
        foreach (var leaf in leaves) sum += leaf.Parts[part];
        return sum;
    }
}
