namespace Tieout.Analysis.Change;

/// <summary>A sort of tokens that has a price of its own. Sorts of input come first.</summary>
public enum TokenSort
{
    /// <summary>Input that no cache held.</summary>
    Fresh,
    CacheRead,
    CacheWrite,

    /// <summary>Output that the client sees.</summary>
    Visible,
    Reasoning,
}

/// <summary>What a leaf used and cost in one period. An expected period has parts of attempts and tokens; costs are whole nano-units in any.</summary>
public sealed class LeafFigures
{
    public const int Sorts = 5;

    public double Attempts { get; set; }

    /// <summary>By <see cref="TokenSort"/>; no sort contains another.</summary>
    public double[] Tokens { get; } = new double[Sorts];

    /// <summary>What those tokens cost, in nano-units.</summary>
    public Int128[] Costs { get; } = new Int128[Sorts];

    /// <summary>What the price list says that a token costs, in nano-units; 0: no list is known.</summary>
    public double[] ListPrices { get; } = new double[Sorts];

    /// <summary>What cost money beside tokens: fees for requests, searches, images, time.</summary>
    public Int128 OtherCost { get; set; }

    /// <summary>Part of the cost, in nano-units, whose sorts are estimated: it was stated, and no list has the model.</summary>
    public double EstimatedCost { get; set; }

    public Int128 Cost
    {
        get
        {
            var cost = OtherCost;
            foreach (var each in Costs) cost += each;
            return cost;
        }
    }

    /// <summary>Of two leaves together; what the list says of a token is the mean over their tokens.</summary>
    internal static LeafFigures Sum(LeafFigures one, LeafFigures other)
    {
        var sum = new LeafFigures
        {
            Attempts = one.Attempts + other.Attempts,
            OtherCost = one.OtherCost + other.OtherCost,
            EstimatedCost = one.EstimatedCost + other.EstimatedCost,
        };
        for (var sort = 0; sort < Sorts; sort++)
        {
            sum.Tokens[sort] = one.Tokens[sort] + other.Tokens[sort];
            sum.Costs[sort] = one.Costs[sort] + other.Costs[sort];
            if (sum.Tokens[sort] > 0)
            {
                sum.ListPrices[sort] = (one.Tokens[sort] * one.ListPrices[sort] + other.Tokens[sort] * other.ListPrices[sort]) / sum.Tokens[sort];
            }
        }

        return sum;
    }

    internal double Input => Tokens[0] + Tokens[1] + Tokens[2];
}
