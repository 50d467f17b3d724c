using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Storage.Rows;

/// <summary>What budget windows hold, counted from postings and nothing else (B2).</summary>
internal sealed class WindowCount(IReadOnlyList<BudgetState> budgets)
{
    private readonly Dictionary<WindowKey, BudgetWindow> _windows = [];

    public IReadOnlyList<BudgetWindow> Windows => [.. _windows.Values];

    /// <summary>Takes in what a window held before the postings.</summary>
    public void Begin(BudgetWindow window) => _windows[window.Key] = new(window.Key, window.End) { Posted = window.Posted };

    /// <summary>Takes in one posting of a charge, or of what corrects one.</summary>
    public void Add(PostingKind kind, Amount amount, Instant effectiveAt, UsageLabels labels, string? endUser)
    {
        foreach (var budget in budgets)
        {
            if (!budget.CountsAt(effectiveAt) || !budget.Counts(labels, endUser)) continue;
            var window = budget.WindowAt(effectiveAt);
            var key = new WindowKey(budget.No, window.Start, budget.IsPerUser ? endUser : null);
            if (!_windows.TryGetValue(key, out var counted)) _windows[key] = counted = new(key, window.End);
            counted.Posted += kind == PostingKind.Reversal ? -amount : amount;
        }
    }
}
