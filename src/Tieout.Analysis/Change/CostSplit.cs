namespace Tieout.Analysis.Change;

/// <summary>Splits what was booked over the sorts of tokens: exactly where it is known, else in proportion to what is known, or to what the price list
/// says.</summary>
internal static class CostSplit
{
    /// <param name="costs">By <see cref="TokenSort"/>: what each cost is added to it.</param>
    /// <returns>What no sort has: fees, and the cost of attempts without tokens, in nano-units.</returns>
    public static Int128 Add(HourLine line, Span<Int128> costs)
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

        return left == 0 ? other : other + AddInProportion(line, left, costs);
    }

    /// <summary>Splits what is not known exactly: stated charges, and corrections.</summary>
    private static Int128 AddInProportion(HourLine line, Int128 cost, Span<Int128> costs)
    {
        Span<double> weights = stackalloc double[LeafFigures.Sorts];
        Weigh(line, weights);
        var total = Total(weights);
        if (total <= 0) return cost;
        var left = cost;
        for (var sort = 0; sort < LeafFigures.Sorts; sort++)
        {
            var part = (Int128)Math.Round((double)cost * (weights[sort] / total), MidpointRounding.ToEven);
            costs[sort] += part;
            left -= part;
        }

        costs[Numbers.IndexOfMax(weights)] += left;
        return 0;
    }

    private static void Weigh(HourLine line, Span<double> weights)
    {
        if (line.SortCosts is { } known)
        {
            for (var sort = 0; sort < LeafFigures.Sorts; sort++) weights[sort] = Math.Max(0, (double)known[sort]);
            if (Total(weights) > 0) return;
        }

        for (var sort = 0; sort < LeafFigures.Sorts; sort++) weights[sort] = line.Tokens[sort] * line.ListPrices[sort];
        if (Total(weights) > 0) return;

        // No list: each token costs the same.
        for (var sort = 0; sort < LeafFigures.Sorts; sort++) weights[sort] = line.Tokens[sort];
    }

    private static double Total(ReadOnlySpan<double> parts)
    {
        var sum = 0d;
        foreach (var part in parts) sum += part;
        return sum;
    }
}
