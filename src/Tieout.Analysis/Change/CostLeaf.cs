using System.Collections.Immutable;

namespace Tieout.Analysis.Change;

/// <summary>Why attempts were made.</summary>
public enum AttemptClass
{
    /// <summary>Somebody asked for something new.</summary>
    Primary,

    /// <summary>Work that was done before: undo, retries, auto-saves.</summary>
    Hidden,

    /// <summary>A model is called again because a tool failed.</summary>
    ToolRetry,
}

/// <summary>The finest part of a cost: attempts that agree in every dimension.</summary>
/// <param name="Values">By dimension; null: the attempts bear no such label.</param>
/// <param name="Class">Why the attempts were made.</param>
/// <param name="Trigger">The word for it; each has an amplification of its own.</param>
/// <param name="Expected">Of the baseline, for as many hours of the same kind.</param>
public sealed record CostLeaf(ImmutableArray<string?> Values, AttemptClass Class, string? Trigger, LeafFigures Expected, LeafFigures Actual)
{
    /// <summary>In nano-units.</summary>
    public Int128 Change => Actual.Cost - Expected.Cost;
}
