using Tieout.Core.Budgets;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>What is left: on the account above its floor, and in every hard budget's window.</summary>
internal static class Headroom
{
    /// <summary>The refusal, if <paramref name="amount"/> is more than the account or a hard budget has left; null: there is room. Nothing always has
    /// room.</summary>
    public static Outcome.Refused? Validate(Draft draft, OrgState org, UsageLabels labels, string? endUser, Amount amount, Instant at)
    {
        if (amount == Amount.Zero) return null;
        var account = draft.Account(org, AccountKind.Customer);
        if (account.Available is { } available && available < amount)
        {
            return Refuse(Refusal.InsufficientBalance, "balance", Amount.Largest(available, Amount.Zero));
        }

        foreach (var budget in draft.Matching(labels, endUser))
        {
            if (budget.Budget is not { Hard: true, Limit: { } limit }) continue;
            var left = Left(limit, draft.Window(budget, endUser, at));
            if (left < amount) return Refuse(Refusal.BudgetExhausted, budget.Budget.Id, Amount.Largest(left, Amount.Zero));
        }

        return null;
    }

    /// <summary>
    /// How far <paramref name="amount"/> and the other charges of today take the org beyond the limit that they pass furthest, read from the account and the
    /// windows.
    /// A charge that counts on an earlier day answers for all that is beyond, so that back-dating gains nothing.
    /// </summary>
    public static Amount Beyond(Draft draft, OrgState org, UsageLabels labels, string? endUser, Amount amount, Instant at)
    {
        var beyond = draft.Account(org, AccountKind.Customer).Available is { } available ? amount - available : Amount.Zero;
        foreach (var budget in draft.Matching(labels, endUser))
        {
            if (budget.Budget is { Hard: true, Limit: { } limit }) beyond = Amount.Largest(beyond, amount - Left(limit, draft.Window(budget, endUser, at)));
        }

        var meter = draft.Budgets.Find(org.MeterBudget)!;
        if (!meter.WindowAt(draft.Now).Contains(at)) return beyond;
        return Amount.Min(beyond, (draft.Window(meter, endUser: null, draft.Now)?.Posted ?? Amount.Zero) + amount);
    }

    public static Amount Left(Amount limit, BudgetWindow? window) => window is null ? limit : limit - window.Posted - window.Held;
}

/// <summary>Figures for an outcome, read from the ledger's own state (Q1).</summary>
internal static class FiguresAfter
{
    public static Figures Of(Draft draft, OrgState org, UsageLabels? labels, string? endUser, Amount charge = default)
    {
        var account = draft.Account(org, AccountKind.Customer);
        var meter = draft.Budgets.Find(org.MeterBudget)!;
        var spentToday = draft.Window(meter, endUser: null, draft.Now)?.Posted ?? Amount.Zero;
        Amount? budgetLeft = null;
        if (labels is not null)
        {
            foreach (var budget in draft.Matching(labels, endUser))
            {
                if (budget.Budget.Limit is not { } limit) continue;
                var left = Headroom.Left(limit, draft.Window(budget, endUser, draft.Now));
                if (budgetLeft is null || left < budgetLeft) budgetLeft = left;
            }
        }

        return new(account.Balance, account.Held, account.Available, spentToday, budgetLeft, charge, draft.Now);
    }
}
