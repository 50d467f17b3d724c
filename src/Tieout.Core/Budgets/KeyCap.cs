using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Budgets;

/// <summary>The spend cap of a key: a hard budget whose scope is the key and nothing else. A key has at most one for each kind of window.</summary>
/// <remarks>There is no other mechanism, so a cap holds, is counted, told, verified and reconciled like every budget.</remarks>
public static class KeyCap
{
    /// <param name="limit">In the org's asset; null: the cap is removed. The budget stays, without a limit, because budgets are never deleted.</param>
    /// <param name="timeZone">As of the budget that exists already; else the org's.</param>
    public static Budget Of(string org, string key, WindowUnit window, Amount? limit, string timeZone) =>
        new(new(org, Key: key), window, limit, Hard: limit is not null, timeZone, limit is null ? [] : Budget.DefaultThresholds);

    /// <summary>The key that the budget is a cap of; null: it is none.</summary>
    public static string? KeyOf(Budget budget) =>
        budget is { Hard: true, Limit: not null, Scope.Key: { } key } && budget.Scope == new BudgetScope(budget.Scope.Org, Key: key) ? key : null;

    /// <summary>Why no budget of its org can count the key; null: one can. A budget that counts nothing would look like a limit.</summary>
    public static string? RefuseWorker(ApiKey key) =>
        key.Worker ? "A worker's key spends for its tenants, and the budgets of those orgs limit it. Set a budget there." : null;

    /// <summary>Why the key cannot have a cap; null: it can.</summary>
    public static string? Refuse(ApiKey key)
    {
        if (RefuseWorker(key) is { } why) return why;
        var terms = key.Terms ?? KeyTerms.None;
        return KeyScope.All.Any(scope => scope.IsInference && terms.Allows(scope)) ? null
            : $"The key cannot spend: it has no scope of {KeyScope.Inference}. Leave the cap out.";
    }
}
