namespace Tieout.Analysis.Change;

/// <summary>Splits what was booked over the sorts of tokens, in proportion to what the price list says that they cost.</summary>
internal static class CostSplit
{
    /// <param name="costs">By <see cref="TokenSort"/>: what each cost is added to it.</param>
    /// <returns>What no sort has: the cost of attempts without tokens, in nano-units.</returns>
    public static Int128 Add(HourLine line, Span<Int128> costs)
    {
        Span<double> listed = stackalloc double[LeafFigures.Sorts];
        for (var sort = 0; sort < LeafFigures.Sorts; sort++) listed[sort] = line.Tokens[sort] * line.ListPrices[sort];
        if (Total(listed) <= 0)
        {
            // No list: each token costs the same.
            for (var sort = 0; sort < LeafFigures.Sorts; sort++) listed[sort] = line.Tokens[sort];
        }

        var total = Total(listed);
        if (total <= 0) return line.Cost;
        Int128 left = line.Cost;
        for (var sort = 0; sort < LeafFigures.Sorts; sort++)
        {
            var part = (Int128)Math.Round((double)line.Cost * (listed[sort] / total), MidpointRounding.ToEven);
            costs[sort] += part;
            left -= part;
        }

        costs[Numbers.IndexOfMax(listed)] += left;
        return 0;
    }

    private static double Total(ReadOnlySpan<double> parts)
    {
        var sum = 0d;
        foreach (var part in parts) sum += part;
        return sum;
    }
}
