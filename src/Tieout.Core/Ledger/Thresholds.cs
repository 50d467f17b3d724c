using Tieout.Core.Budgets;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>Tells, through the outbox and in the commit that crosses it, each threshold of a budget once a window.</summary>
internal static class Thresholds
{
    public static void Tell(Draft draft, BudgetState budget, BudgetWindow window)
    {
        var highest = Highest(budget.Budget, window.Posted);
        if (highest <= window.LastAlertedPercent) return;
        foreach (var percent in budget.Budget.Thresholds)
        {
            if (percent <= window.LastAlertedPercent || percent > highest) continue;
            var id = $"threshold/{budget.No}/{window.Key.Start.UnixMicros}/{window.Key.Each}/{percent}";
            draft.Tell(id, budget.Budget.Scope.Org, "budget.threshold", Details.Threshold(budget, window, percent));
        }

        window.LastAlertedPercent = highest;
    }

    /// <summary>The highest threshold that <paramref name="posted"/> has reached, in per cent; 0: none.</summary>
    public static int Highest(Budget budget, Amount posted)
    {
        if (budget.Limit is not { } limit || limit <= Amount.Zero || posted <= Amount.Zero || budget.Thresholds.IsDefaultOrEmpty) return 0;
        var (highest, reached) = (0, posted.Nanos * 100);
        foreach (var percent in budget.Thresholds)
        {
            // They ascend.
            if (reached < limit.Nanos * percent) break;
            highest = percent;
        }

        return highest;
    }
}
