namespace Tieout.Analysis.Change;

/// <summary>Splits what was booked over the sorts of tokens: exactly where it is known, else in proportion to what is known, to what the price list says, or
/// to what such tokens typically cost.</summary>
internal static class CostSplit
{
    /// <summary>What a token costs of a fresh one, by <see cref="TokenSort"/>, as most providers' lists have it: a tenth where the cache is read, 1.25 where it
    /// is written, five times as much for output. Used where no list has the model.</summary>
    private static readonly double[] Typical = [1, 0.1, 1.25, 5, 5];

    /// <summary>Where the weights of a split come from.</summary>
    private enum Basis
    {
        /// <summary>Nothing was used that could have cost something.</summary>
        None,

        /// <summary>What is known of the same hour and labels, or a price list.</summary>
        Known,
        Typical,
    }

    /// <param name="costs">By <see cref="TokenSort"/>: what each cost is added to it.</param>
    /// <returns>What no sort has: fees, and the cost of attempts without tokens; and the part that was split by typical relations. In nano-units.</returns>
    public static (Int128 Other, Int128 Estimated) Add(HourLine line, Span<Int128> costs)
    {
        var (left, other) = (line.Cost, Int128.Zero);
        if (line.SortCosts is { } known)
        {
            for (var sort = 0; sort < LeafFigures.Sorts; sort++)
            {
                costs[sort] += known[sort];
                left -= known[sort];
            }

            other = known[LeafFigures.Sorts];
            left -= other;
        }

        if (left == 0) return (other, 0);
        var basis = AddInProportion(line, left, costs);
        return (basis is Basis.None ? other + left : other, basis is Basis.Typical ? left : 0);
    }

    /// <summary>Splits what is not known exactly: stated charges, and corrections.</summary>
    private static Basis AddInProportion(HourLine line, Int128 cost, Span<Int128> costs)
    {
        Span<double> weights = stackalloc double[LeafFigures.Sorts];
        var basis = Weigh(line, weights);
        var total = Total(weights);
        if (total <= 0) return Basis.None;
        var (left, whole) = (cost, (double)cost);
        for (var sort = 0; sort < LeafFigures.Sorts; sort++)
        {
            if (weights[sort] == 0) continue;
            var part = Whole(Math.Round(whole * (weights[sort] / total), MidpointRounding.ToEven));
            costs[sort] += part;
            left -= part;
        }

        if (left != 0) costs[Numbers.IndexOfMax(weights)] += left;
        return basis;
    }

    private static Basis Weigh(HourLine line, Span<double> weights)
    {
        if (line.SortCosts is { } known)
        {
            for (var sort = 0; sort < LeafFigures.Sorts; sort++) weights[sort] = Math.Max(0, (double)known[sort]);
            if (Total(weights) > 0) return Basis.Known;
        }

        for (var sort = 0; sort < LeafFigures.Sorts; sort++) weights[sort] = line.Tokens[sort] * line.ListPrices[sort];
        if (Total(weights) > 0) return Basis.Known;

        for (var sort = 0; sort < LeafFigures.Sorts; sort++) weights[sort] = line.Tokens[sort] * Typical[sort];
        return Basis.Typical;
    }

    /// <summary>An hour's cost is nearly always below 2^62 nano-units, whose conversion is one instruction.</summary>
    private static Int128 Whole(double rounded) => Math.Abs(rounded) < 1L << 62 ? (long)rounded : (Int128)rounded;

    private static double Total(ReadOnlySpan<double> parts)
    {
        var sum = 0d;
        foreach (var part in parts) sum += part;
        return sum;
    }
}
