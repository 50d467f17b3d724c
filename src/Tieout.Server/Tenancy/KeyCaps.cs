using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>The most that a key may spend in each window. Requests and usage that would exceed it are refused.</summary>
/// <param name="Limit">In the org's asset; zero or more.</param>
/// <param name="Window">minute, hour, day, week, month or total.</param>
public sealed record KeyCapBody(Amount Limit, WindowUnit Window = WindowUnit.Total);

/// <param name="Limit">Null: remove the cap of this kind of window.</param>
/// <param name="Window">minute, hour, day, week, month or total. Caps with other windows stay.</param>
public sealed record SetKeyCapBody(Amount? Limit, WindowUnit Window = WindowUnit.Total);

/// <summary>Spend caps of keys, as hard budgets (<see cref="KeyCap"/>).</summary>
internal static class KeyCaps
{
    /// <summary>What a cap is set to from now on, or that it is removed.</summary>
    /// <exception cref="ApiRefusedException">The key has no such cap to remove, cannot have one, or the limit is out of range.</exception>
    public static Budget Changed(ApiKey key, SetKeyCapBody cap, ILedger ledger)
    {
        if (cap.Limit is { } limit) return BudgetOf(key, new(limit, cap.Window), ledger);
        if (Find(key, cap.Window, ledger)?.Limit is null)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"The key has no cap with the window '{SnakeCase.Of(cap.Window)}'.");
        }

        return BudgetOf(key, limit: null, cap.Window, ledger);
    }

    /// <exception cref="ApiRefusedException">The key cannot have a cap, or the limit is out of range.</exception>
    public static Budget BudgetOf(ApiKey key, KeyCapBody cap, ILedger ledger) =>
        KeyCap.Refuse(key) is { } why
            ? throw new ApiRefusedException(ApiError.ParameterInvalid, why) : BudgetOf(key, Inputs.SumLimit(cap.Limit, "a cap"), cap.Window, ledger);

    /// <summary>The caps of every key of an org.</summary>
    public static ILookup<string, KeyCapBody> ByKey(string org, ILedger ledger) => ledger.Of(SettingKind.Budget, org).Select(row => Budget.Parse(row.Body))
        .Where(budget => KeyCap.KeyOf(budget) is not null).OrderBy(budget => budget.Window).ToLookup(
            budget => KeyCap.KeyOf(budget)!, budget => new KeyCapBody(budget.Limit!.Value, budget.Window), StringComparer.Ordinal);

    private static Budget BudgetOf(ApiKey key, Amount? limit, WindowUnit window, ILedger ledger) =>
        KeyCap.Of(key.Org, key.Id, window, limit, Find(key, window, ledger)?.TimeZone ?? Inputs.Org(ledger, key.Org).Org.TimeZone);

    private static Budget? Find(ApiKey key, WindowUnit window, ILedger ledger) =>
        ledger.Find(SettingKind.Budget, key.Org, KeyCap.Of(key.Org, key.Id, window, limit: null, "UTC").Id) is { } row ? Budget.Parse(row.Body) : null;
}
