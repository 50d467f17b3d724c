namespace Tieout.Core.Ledger;

/// <summary>What an org may occupy in a book. Rules of the ledger, so that every node and every door agree.</summary>
/// <remarks>Rows never depend on the limits that were in force when they were written: a limit may be changed at any time.</remarks>
public sealed record LedgerLimits
{
    public static LedgerLimits Default { get; } = new();

    /// <summary>Distinct label sets of an org. Beyond it, the parts of a new set that callers may choose freely become <c>other</c>.</summary>
    public int LabelSetsPerOrg { get; init; } = 10_000;

    /// <summary>Distinct label sets of all orgs of a book. Beyond it, an org has <see cref="LabelSetsReserved"/>.</summary>
    public int LabelSets { get; init; } = 250_000;

    /// <summary>Distinct label sets that every org has, however many others have taken.</summary>
    public int LabelSetsReserved { get; init; } = 500;

    /// <summary>Open holds of an org. A further hold is refused.</summary>
    public int OpenHoldsPerOrg { get; init; } = 100_000;

    /// <summary>Steps in the lineage of one envelope in one operation. A further step is refused.</summary>
    public int LineageSteps { get; init; } = 10_000;

    /// <summary>Settings of one kind in one org: teams, projects, keys, budgets ... A further one is refused; changing one is not.</summary>
    public int SettingsPerKind { get; init; } = 10_000;

    /// <summary>End users with a window of their own, for one budget and one period. The further ones share the window of the end user <c>other</c>.</summary>
    public int EndUsersPerBudget { get; init; } = 10_000;
}
