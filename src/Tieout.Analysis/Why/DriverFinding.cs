using System.Collections.Immutable;
using Tieout.Analysis.Change;
using Tieout.Analysis.Where;

namespace Tieout.Analysis.Why;

/// <summary>A driver that made a cost rise, and where.</summary>
/// <param name="Driver"><see cref="CostDriver.Volume"/> stands for volume and mix together, whose common field is what was asked more for.</param>
/// <param name="Effect">In nano-units.</param>
/// <param name="Segments">Empty: the effect is broad.</param>
public sealed record DriverFinding(CostDriver Driver, Int128 Effect, IReadOnlyList<Segment> Segments)
{
    public Segment? First => Segments.Count > 0 ? Segments[0] : null;
}

/// <summary>Which drivers made a cost rise: the largest, and a second where the first explains too little alone.</summary>
/// <param name="Rise">Σ of the drivers that rose, in nano-units.</param>
public sealed record Drivers(ImmutableArray<DriverFinding> Findings, Int128 Rise)
{
    /// <summary>Below this part of the rise the first driver is not the only cause.</summary>
    private const double AloneMin = 0.7;

    private const double SecondMin = 0.25;

    public double ShareOf(DriverFinding finding) => Rise > 0 ? (double)finding.Effect / (double)Rise : 0;

    public static Drivers Of(CostChange change)
    {
        var effects = Enum.GetValues<CostDriver>().Where(driver => driver is not CostDriver.Mix)
            .Select(driver => (Driver: driver, Effect: EffectOf(driver)(change.Parts))).Where(each => each.Effect > 0)
            .OrderByDescending(each => each.Effect).ToList();
        Int128 rise = 0;
        foreach (var (_, effect) in effects) rise += effect;
        var first = effects.Count > 0 ? (double)effects[0].Effect / (double)rise : 0;
        var named = effects.Take(first < AloneMin ? 2 : 1).Where((each, i) => i == 0 || (double)each.Effect >= SecondMin * (double)rise);
        return new([.. named.Select(each => new DriverFinding(
            each.Driver, each.Effect, SegmentSearch.Find(change, EffectOf(each.Driver))))], rise);
    }

    /// <summary>Volume and mix are one field: a leaf that asks more is both.</summary>
    public static Func<CostParts, Int128> EffectOf(CostDriver driver) => driver is CostDriver.Volume
        ? parts => parts[CostDriver.Volume] + parts[CostDriver.Mix] : parts => parts[driver];
}
