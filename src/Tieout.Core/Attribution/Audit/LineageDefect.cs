using Tieout.Core.Money;

namespace Tieout.Core.Attribution.Audit;

/// <summary>Where the identity of an operation did not hold.</summary>
/// <param name="Org">Under which org it is filed: the one that was charged, else the envelope's.</param>
/// <param name="Operation">The id of the operation.</param>
/// <param name="Step">The step it is about; null: it has none.</param>
/// <param name="Unlinked">Usage without a step; null: it is about a step.</param>
/// <param name="Cost">What was charged to <paramref name="Org"/> for it; null: nothing, and only a person knows whether something is due.</param>
/// <param name="Right">Whom it should have been charged to; null: nobody knows, or it is right.</param>
/// <param name="Cause">Both sides in one sentence.</param>
public sealed record LineageDefect(
    LineageDefectKind Kind, string Org, string Operation, AuditedStep? Step, UnlinkedUsage? Unlinked, Amount? Cost, string? Right, string Cause)
{
    /// <summary>The steps whose charges <see cref="Cost"/> is the sum of.</summary>
    public IReadOnlyList<AuditedStep> Charged { get; init; } = [];
}

/// <summary>In the order of their weight.</summary>
public enum LineageDefectKind
{
    /// <summary>Usage of an attempt was charged to another org than its envelope's (A2).</summary>
    ChargedElsewhere,

    /// <summary>A further attempt of the operation reached a provider under another tenant.</summary>
    RetriedElsewhere,

    /// <summary>A link does not hold, a step is missing, or a step was made with another text of the envelope (A1).</summary>
    BrokenLinks,

    /// <summary>A key carried out a step that might not act for the tenant.</summary>
    ForeignExecutor,

    /// <summary>An attempt was charged and is no step of its operation.</summary>
    WithoutStep,

    /// <summary>An attempt has neither usage nor a hold that was called off.</summary>
    WithoutUsage,

    /// <summary>An attempt has no usage, and its hold is open long after its time.</summary>
    HoldOpen,

    /// <summary>The steps of one operation carry more than one envelope.</summary>
    SeveralEnvelopes,
}
