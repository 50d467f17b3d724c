using Tieout.Analysis.Detection;
using Tieout.Analysis.Why;
using Tieout.Simulator.Traffic;

namespace Tieout.Analysis.Tests.Blind;

/// <summary>A cause and where it is, as somebody said it.</summary>
/// <param name="Cause">Null: the method names no causes.</param>
/// <param name="Place">By label; empty: everywhere.</param>
internal sealed record SaidCause(SpikeCause? Cause, IReadOnlyDictionary<string, string> Place)
{
    public override string ToString() => $"{Cause} [{string.Join(", ", Place.Select(each => $"{each.Key} {each.Value}"))}]";
}

/// <summary>What a method said of a case.</summary>
/// <param name="Onset">From the beginning of the baseline, in hours; null: it names none.</param>
internal sealed record Said(SpikeVerdict Verdict, IReadOnlyList<SaidCause> Causes, int? Onset, string? Fault = null)
{
    public static Said Nothing { get; } = new(SpikeVerdict.None, [], null);

    public override string ToString() => $"{Verdict} from {Onset}: {string.Join(" and ", Causes)}{Fault}";
}

/// <summary>A case with what was said of it, and whether that is right.</summary>
internal sealed class Scored
{
    private static readonly Dictionary<string, SpikeCause[]> Names = new()
    {
        ["growth"] = [SpikeCause.MoreUsers],
        ["bot"] = [SpikeCause.RequestsPerUser],
        ["leaked_key"] = [SpikeCause.NewKey],
        ["context_growth"] = [SpikeCause.ContextGrowth],
        ["template"] = [SpikeCause.TemplateGrowth],
        ["longer_answers"] = [SpikeCause.OutputLength],
        ["reasoning"] = [SpikeCause.ReasoningEffort],
        ["cache_prefix"] = [SpikeCause.CacheMiss],
        ["cache_time"] = [SpikeCause.CacheMiss],
        ["auto_save"] = [SpikeCause.AutoSave],
        ["retry_storm"] = [SpikeCause.RetryStorm],
        ["undo"] = [SpikeCause.Undo],
        ["tool_failure"] = [SpikeCause.ToolFailures],
        ["list_price"] = [SpikeCause.ListPrice],
        ["discount_lost"] = [SpikeCause.EffectivePrice],
        ["model_moved"] = [SpikeCause.ModelMix],
        ["fallback"] = [SpikeCause.ModelMix],
        ["new_feature"] = [SpikeCause.NewSegment],
        ["offset"] = [SpikeCause.MoreUsers],

        // Prompts that are so many times as long, at once: neither a template nor an append.
        ["context"] = [SpikeCause.ContextGrowth, SpikeCause.TemplateGrowth],
        ["triple"] = [SpikeCause.ContextGrowth, SpikeCause.TemplateGrowth],
    };

    public Scored(TrafficCase of, IReadOnlyList<TrafficLabels> labels, Said said)
    {
        (Case, Said) = (of, said);
        var truth = of.Truth;
        HasCause = truth.Causes.Count > 0 && truth.Verdict is not TrafficVerdict.Blip;
        IsVerdict = VerdictsOf(truth).Contains(said.Verdict);
        IsCalm = !HasCause && said.Causes.Count == 0 && said.Verdict is not (SpikeVerdict.Rising or SpikeVerdict.Sustained or SpikeVerdict.Ended);
        if (!HasCause) return;

        // Where two are planted, both must be named, in any order; otherwise the first.
        var named = said.Causes.Take(truth.Causes.Count).ToList();
        var isSpike = IsVerdict || said.Verdict is SpikeVerdict.Rising or SpikeVerdict.Sustained or SpikeVerdict.Ended;
        IsCause = isSpike && truth.Causes.All(cause => named.Any(each => each.Cause is { } name && Names[cause.Name].Contains(name)));
        IsPlace = isSpike && truth.Causes.All(cause => named.Any(each => IsSame(cause, each.Place, labels)));
        IsOnset = said.Onset is { } onset && truth.OnsetHour is { } planted && Math.Abs(onset - planted) <= truth.OnsetWithin;
    }

    public TrafficCase Case { get; }

    public Said Said { get; }

    public bool HasCause { get; }

    public bool IsVerdict { get; }

    public bool IsCalm { get; }

    public bool IsCause { get; }

    public bool IsPlace { get; }

    public bool IsOnset { get; }

    public bool IsRight => HasCause ? IsVerdict && IsCause && IsPlace && IsOnset : IsVerdict && IsCalm;

    public override string ToString()
    {
        var truth = Case.Truth;
        var planted = string.Join(" and ", truth.Causes.Select(cause => $"{cause.Name} {Text(cause.Where)}"));
        var wrong = HasCause ? $"{(IsVerdict ? "" : " VERDICT")}{(IsCause ? "" : " CAUSE")}{(IsPlace ? "" : " PLACE")}{(IsOnset ? "" : " ONSET")}"
            : $"{(IsVerdict ? "" : " VERDICT")}{(IsCalm ? "" : " CAUSE")}";
        return $"{Case.Scenario.Number} {Case.Scenario.Name} seed {Case.Seed} +{truth.Effect:P0} noise {Case.Noise:P0}:{wrong}; "
            + $"planted {truth.Verdict} {planted}{truth.Fault} from {truth.OnsetHour}; said {Said}";
    }

    private static string Text(IReadOnlyDictionary<string, string> place) => $"[{string.Join(", ", place.Select(each => $"{each.Key} {each.Value}"))}]";

    /// <summary>A place is right that has all labels whose cost was changed, and none beyond the planted ones. Where requests have no cache, nothing tells
    /// whether it is missed.</summary>
    private static bool IsSame(TrafficCause cause, IReadOnlyDictionary<string, string> said, IReadOnlyList<TrafficLabels> labels) =>
        ((IEnumerable<IReadOnlyDictionary<string, string>>)[cause.Where, .. cause.Also]).Any(where => labels.All(each =>
            Has(said, each) ? Has(where, each) : !Has(where, each) || !cause.Touched.Contains(each)));

    private static bool Has(IReadOnlyDictionary<string, string> place, TrafficLabels labels)
    {
        var values = MeteredTraffic.ValuesOf(labels);
        return place.All(each => values[MeteredTraffic.Dimensions.IndexOf(each.Key)] == each.Value);
    }

    private static IEnumerable<SpikeVerdict> VerdictsOf(TrafficTruth truth) => new[] { truth.Verdict }.Concat(truth.AlsoRight).Select(verdict => verdict switch
    {
        TrafficVerdict.None => SpikeVerdict.None,
        TrafficVerdict.Blip => SpikeVerdict.Blip,
        TrafficVerdict.Sustained => SpikeVerdict.Sustained,
        TrafficVerdict.Ended => SpikeVerdict.Ended,
        TrafficVerdict.Benign => SpikeVerdict.Benign,
        TrafficVerdict.Metering => SpikeVerdict.Metering,
        _ => SpikeVerdict.InsufficientBaseline,
    });
}
