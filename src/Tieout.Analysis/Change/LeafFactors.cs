namespace Tieout.Analysis.Change;

/// <summary>The factors of a leaf's cost in one period. The cost is <c>volume × part × (input × Σ cache share × price + Σ output × price + fee)</c>, where a
/// price is the list's times what was really paid of it.</summary>
internal sealed class LeafFactors
{
    private LeafFactors(LeafFigures figures, double volume)
    {
        Volume = volume;
        Part = Ratio(figures.Attempts, volume);
        Input = Ratio(figures.Input, figures.Attempts);
        Fee = Ratio((double)figures.OtherCost, figures.Attempts);
        for (var sort = 0; sort < LeafFigures.Sorts; sort++)
        {
            Tokens[sort] = IsInput(sort) ? Ratio(figures.Tokens[sort], figures.Input) : Ratio(figures.Tokens[sort], figures.Attempts);
            var price = Ratio((double)figures.Costs[sort], figures.Tokens[sort]);
            List[sort] = figures.ListPrices[sort] > 0 ? figures.ListPrices[sort] : 1;
            Paid[sort] = price / List[sort];
        }
    }

    /// <summary>Primary requests of all leaves.</summary>
    public double Volume { get; }

    /// <summary>The leaf's attempts for each of them: its share, where they are primary requests themselves.</summary>
    public double Part { get; private set; }

    /// <summary>Tokens of an attempt.</summary>
    public double Input { get; private set; }

    /// <summary>Of each sort of input, its part of the input; of each sort of output, tokens of an attempt.</summary>
    public double[] Tokens { get; } = new double[LeafFigures.Sorts];

    /// <summary>Nano-units for a token.</summary>
    public double[] List { get; } = new double[LeafFigures.Sorts];

    public double[] Paid { get; } = new double[LeafFigures.Sorts];

    /// <summary>Cost of an attempt beside its tokens, in nano-units.</summary>
    public double Fee { get; private set; }

    /// <summary>The factors of both periods. What only one of them has a ratio for is taken from that one, so that a leaf that is new, or has vanished, is a
    /// change of its part and of nothing else.</summary>
    public static (LeafFactors Before, LeafFactors After) Of(CostLeaf leaf, double before, double after)
    {
        var (first, second) = (new LeafFactors(leaf.Expected, before), new LeafFactors(leaf.Actual, after));
        first.Complete(leaf.Expected, second, leaf.Actual);
        second.Complete(leaf.Actual, first, leaf.Expected);
        return (first, second);
    }

    public static bool IsInput(int sort) => sort < (int)TokenSort.Visible;

    private void Complete(LeafFigures own, LeafFactors other, LeafFigures others)
    {
        if (Volume == 0) Part = other.Part;
        if (own.Attempts == 0) (Input, Fee) = (other.Input, other.Fee);
        for (var sort = 0; sort < LeafFigures.Sorts; sort++)
        {
            if (IsInput(sort) ? own.Input == 0 && others.Input > 0 : own.Attempts == 0) Tokens[sort] = other.Tokens[sort];

            // Where one period has no list, both are compared without.
            if (others.ListPrices[sort] <= 0 && others.Tokens[sort] > 0) (Paid[sort], List[sort]) = (Paid[sort] * List[sort], 1);
            if (own.Tokens[sort] == 0) (Paid[sort], List[sort]) = (other.Paid[sort], other.List[sort]);
        }
    }

    private static double Ratio(double part, double whole) => whole == 0 ? 0 : part / whole;
}
