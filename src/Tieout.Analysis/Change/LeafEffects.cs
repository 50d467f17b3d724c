namespace Tieout.Analysis.Change;

/// <summary>The effects of a leaf's factors on its cost.</summary>
internal static class LeafEffects
{
    /// <param name="before">Primary requests of all leaves.</param>
    /// <param name="after">Likewise.</param>
    public static CostParts Of(CostLeaf leaf, double before, double after)
    {
        var (first, second) = LeafFactors.Of(leaf, before, after);
        Span<double> parts = stackalloc double[CostParts.Count];
        for (var sort = 0; sort < LeafFigures.Sorts; sort++)
        {
            if (leaf.Expected.Tokens[sort] == 0 && leaf.Actual.Tokens[sort] == 0) continue;
            if (LeafFactors.IsInput(sort)) AddInput(sort, leaf.Class, first, second, parts);
            else AddOutput(sort, leaf.Class, first, second, parts);
        }

        Add(
            [first.Volume, first.Part, first.Fee], [second.Volume, second.Part, second.Fee],
            [CostPart.Volume, PartOf(leaf.Class), CostPart.Fees], parts);
        return Closed(parts, leaf.Change);
    }

    private static void AddInput(int sort, AttemptClass cause, LeafFactors first, LeafFactors second, Span<double> parts) => Add(
        [first.Volume, first.Part, first.Input, first.Tokens[sort], first.List[sort], first.Paid[sort]],
        [second.Volume, second.Part, second.Input, second.Tokens[sort], second.List[sort], second.Paid[sort]],
        [CostPart.Volume, PartOf(cause), CostPart.Input, CostPart.Cache, CostPart.ListPrice, CostPart.EffectivePrice], parts);

    private static void AddOutput(int sort, AttemptClass cause, LeafFactors first, LeafFactors second, Span<double> parts) => Add(
        [first.Volume, first.Part, first.Tokens[sort], first.List[sort], first.Paid[sort]],
        [second.Volume, second.Part, second.Tokens[sort], second.List[sort], second.Paid[sort]],
        [CostPart.Volume, PartOf(cause), sort == (int)TokenSort.Visible ? CostPart.Visible : CostPart.Reasoning, CostPart.ListPrice,
            CostPart.EffectivePrice], parts);

    /// <summary>The name of a change of the leaf's part: calls that grow as primary requests do are volume, and only growth beyond them is hidden
    /// recompute.</summary>
    private static CostPart PartOf(AttemptClass cause) => cause switch
    {
        AttemptClass.Hidden => CostPart.Hidden,
        AttemptClass.ToolRetry => CostPart.ToolRetries,
        _ => CostPart.Mix,
    };

    private static void Add(ReadOnlySpan<double> before, ReadOnlySpan<double> after, ReadOnlySpan<CostPart> of, Span<double> parts)
    {
        Span<double> effects = stackalloc double[FactorProduct.FactorsMax];
        effects = effects[..before.Length];
        effects.Clear();
        FactorProduct.AddEffects(before, after, effects);
        for (var i = 0; i < of.Length; i++) parts[(int)of[i]] += effects[i];
    }

    /// <summary>Rounded to nano-units; the largest part takes what rounding leaves, so that the parts are the change (T1).</summary>
    private static CostParts Closed(ReadOnlySpan<double> parts, Int128 change)
    {
        var closed = new CostParts();
        var largest = 0;
        for (var i = 0; i < CostParts.Count; i++)
        {
            closed[(CostPart)i] = (Int128)Math.Round(parts[i], MidpointRounding.ToEven);
            if (Math.Abs(parts[i]) > Math.Abs(parts[largest])) largest = i;
        }

        closed[(CostPart)largest] += change - closed.Sum;
        return closed;
    }
}
