using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Tieout.Analysis.Change;

/// <summary>Adds up the lines of some hours and those of the baseline that they are compared with, by leaf. Lines come in the order of time.</summary>
/// <param name="dimensions">The names of the values of each line; at most 10.</param>
/// <param name="weights">How much each hour of the baseline counts.</param>
/// <param name="from">The first hour that is compared.</param>
/// <param name="to">The end, excluded.</param>
public sealed class PeriodComparison(
    ImmutableArray<string> dimensions, AttemptClasses classes, IReadOnlyDictionary<long, double> weights, long from, long to)
{
    private readonly Dictionary<string, Sums> _leaves = new(StringComparer.Ordinal);

    public int Leaves => _leaves.Count;

    public void Add(HourLine line)
    {
        var isActual = line.Hour >= from && line.Hour < to;
        var weight = isActual ? 1 : weights.GetValueOrDefault(line.Hour);
        if (weight == 0) return;
        var (cause, trigger) = (classes.Of(line.Trigger), line.Trigger);
        if (cause is AttemptClass.Primary) trigger = null;
        ref var sums = ref CollectionsMarshal.GetValueRefOrAddDefault(_leaves, NameOf(line.Values, trigger), out _);
        sums ??= new(line.Values, cause, trigger);
        (isActual ? sums.Actual : sums.Expected).Add(line, weight);
    }

    /// <summary>Leaves in an order of their own, so that the same lines make the same report.</summary>
    public CostChange Change() => CostChange.Of(
        [.. _leaves.OrderBy(leaf => leaf.Key, StringComparer.Ordinal).Select(leaf => leaf.Value.Leaf())], dimensions);

    private static string NameOf(ImmutableArray<string?> values, string? trigger) =>
        $"{string.Join('\u001f', values.Select(value => value ?? "\u001e"))}\u001f{trigger}";

    private sealed class Sums(ImmutableArray<string?> values, AttemptClass cause, string? trigger)
    {
        public PeriodSums Expected { get; } = new();

        public PeriodSums Actual { get; } = new();

        public CostLeaf Leaf() => new(values, cause, trigger, Expected.Figures(), Actual.Figures());
    }

    private sealed class PeriodSums
    {
        private readonly double[] _tokens = new double[LeafFigures.Sorts], _listed = new double[LeafFigures.Sorts], _costs = new double[LeafFigures.Sorts];
        private readonly Int128[] _exact = new Int128[LeafFigures.Sorts];
        private double _attempts, _other;
        private Int128 _exactOther;

        public void Add(HourLine line, double weight)
        {
            Span<Int128> costs = stackalloc Int128[LeafFigures.Sorts];
            var other = CostSplit.Add(line, costs);
            _attempts += line.Attempts * weight;
            for (var sort = 0; sort < LeafFigures.Sorts; sort++)
            {
                var tokens = line.Tokens[sort] * weight;
                _tokens[sort] += tokens;
                _listed[sort] += tokens * line.ListPrices[sort];
                _exact[sort] += weight == 1 ? costs[sort] : 0;
                _costs[sort] += weight == 1 ? 0 : (double)costs[sort] * weight;
            }

            if (weight == 1) _exactOther += other;
            else _other += (double)other * weight;
        }

        public LeafFigures Figures()
        {
            var figures = new LeafFigures { Attempts = _attempts, OtherCost = _exactOther + Whole(_other) };
            for (var sort = 0; sort < LeafFigures.Sorts; sort++)
            {
                figures.Tokens[sort] = _tokens[sort];
                figures.Costs[sort] = _exact[sort] + Whole(_costs[sort]);
                figures.ListPrices[sort] = _tokens[sort] > 0 ? _listed[sort] / _tokens[sort] : 0;
            }

            return figures;
        }

        private static Int128 Whole(double nanos) => (Int128)Math.Round(nanos, MidpointRounding.ToEven);
    }
}
