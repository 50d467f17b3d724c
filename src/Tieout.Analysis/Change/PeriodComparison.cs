using System.Collections.Immutable;

namespace Tieout.Analysis.Change;

/// <summary>Adds up the lines of some hours and those of the baseline that they are compared with, by leaf. Lines come in the order of time.</summary>
/// <param name="dimensions">The names of the values of each line; at most 10.</param>
/// <param name="weights">How much each hour of the baseline counts.</param>
/// <param name="from">The first hour that is compared.</param>
/// <param name="to">The end, excluded.</param>
public sealed class PeriodComparison(
    ImmutableArray<string> dimensions, AttemptClasses classes, IReadOnlyDictionary<long, double> weights, long from, long to)
{
    private readonly LabelSets _sets = new();

    /// <summary>By the number of their labels: few triggers for each.</summary>
    private readonly List<List<Sums>> _leaves = [];

    public int Leaves => _leaves.Sum(leaves => leaves.Count);

    public void Add(HourLine line)
    {
        var isActual = line.Hour >= from && line.Hour < to;
        var weight = isActual ? 1 : weights.GetValueOrDefault(line.Hour);
        if (weight == 0) return;
        var sums = SumsOf(line);
        (isActual ? sums.Actual : sums.Expected).Add(line, weight);
    }

    /// <summary>Leaves in an order of their own, so that the same lines make the same report.</summary>
    public CostChange Change() => CostChange.Of(
        [.. _leaves.SelectMany(leaves => leaves).OrderBy(leaf => leaf.Name, StringComparer.Ordinal).Select(leaf => leaf.Leaf())], dimensions);

    private Sums SumsOf(HourLine line)
    {
        var (cause, trigger) = (classes.Of(line.Trigger), line.Trigger);
        if (cause is AttemptClass.Primary) trigger = null;
        var no = _sets.Of(line.Values);
        if (no == _leaves.Count) _leaves.Add([]);
        foreach (var known in _leaves[no])
        {
            if (string.Equals(known.Trigger, trigger, StringComparison.Ordinal)) return known;
        }

        var sums = new Sums(_sets[no], cause, trigger);
        _leaves[no].Add(sums);
        return sums;
    }

    private sealed class Sums(ImmutableArray<string?> values, AttemptClass cause, string? trigger)
    {
        public PeriodSums Expected { get; } = new();

        public PeriodSums Actual { get; } = new();

        public string? Trigger => trigger;

        public string Name => $"{string.Join('\u001f', values.Select(value => value ?? "\u001e"))}\u001f{trigger}";

        public CostLeaf Leaf() => new(values, cause, trigger, Expected.Figures(), Actual.Figures());
    }

    private sealed class PeriodSums
    {
        private readonly double[] _tokens = new double[LeafFigures.Sorts], _listed = new double[LeafFigures.Sorts], _costs = new double[LeafFigures.Sorts];
        private readonly Int128[] _exact = new Int128[LeafFigures.Sorts];
        private double _attempts, _other, _estimated;
        private Int128 _exactOther;

        public void Add(HourLine line, double weight)
        {
            Span<Int128> costs = stackalloc Int128[LeafFigures.Sorts];
            var (other, estimated) = CostSplit.Add(line, costs);
            if (estimated != 0) _estimated += Math.Abs((double)estimated) * weight;
            _attempts += line.Attempts * weight;
            for (var sort = 0; sort < LeafFigures.Sorts; sort++)
            {
                var tokens = line.Tokens[sort] * weight;
                _tokens[sort] += tokens;
                _listed[sort] += tokens * line.ListPrices[sort];
            }

            if (weight == 1) AddWhole(costs, other);
            else AddPart(costs, other, weight);
        }

        private void AddWhole(ReadOnlySpan<Int128> costs, Int128 other)
        {
            for (var sort = 0; sort < LeafFigures.Sorts; sort++) _exact[sort] += costs[sort];
            _exactOther += other;
        }

        private void AddPart(ReadOnlySpan<Int128> costs, Int128 other, double weight)
        {
            for (var sort = 0; sort < LeafFigures.Sorts; sort++) _costs[sort] += (double)costs[sort] * weight;
            _other += (double)other * weight;
        }

        public LeafFigures Figures()
        {
            var figures = new LeafFigures { Attempts = _attempts, OtherCost = _exactOther + Whole(_other), EstimatedCost = _estimated };
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
