using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Money;

namespace Tieout.Storage;

/// <summary>Budgets and their windows.</summary>
public interface IBudgetsReader
{
    /// <summary>The org's budgets with the windows that contain <paramref name="at"/>; a per-user budget has one a user seen.</summary>
    IReadOnlyList<BudgetStanding> Budgets(string org, Instant at);

    /// <summary>The budgets of an org, its own daily meter included.</summary>
    IReadOnlyList<BudgetState> BudgetStates(string org);

    /// <summary>What the org was charged in its day that contains <paramref name="at"/>, from the ledger's own daily window.</summary>
    Amount SpentToday(string org, Instant at);

    /// <summary>The windows of these budgets of an org, from those on that contain <paramref name="at"/>, counted anew from the postings. What is held is not
    /// in them.</summary>
    Task<IReadOnlyList<BudgetWindow>> RecountAsync(string org, IReadOnlyList<BudgetState> budgets, Instant at, CancellationToken cancellationToken);
}

/// <param name="Left">Limit − posted − held; null: no limit.</param>
public sealed record BudgetStanding(BudgetState State, Window Period, string? Each, Amount Posted, Amount Held, Amount? Left, int LastAlertedPercent);
