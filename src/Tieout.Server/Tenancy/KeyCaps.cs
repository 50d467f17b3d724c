using Microsoft.AspNetCore.Http;
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
    public static async Task<IResult> SetAsync(string org, string key, HttpContext context, ILedger ledger, KeyUseRecorder recorder)
    {
        var body = await Inputs.BodyAsync(context, TenancyJson.Default.SetKeyCapBody);
        var known = KeyEndpoints.Known(org, key, ledger);
        if (body.Limit is null && Find(known, body.Window, ledger)?.Limit is null) throw new ApiRefusedException(ApiError.ParameterInvalid, $"The key has no cap with the window '{SnakeCase.Of(body.Window)}'.");
        var budget = body.Limit is { } limit ? BudgetOf(known, new(limit, body.Window), ledger) : BudgetOf(known, limit: null, body.Window, ledger);
        (await ledger.ActAsync(new Command.SetBudget(budget), context)).OrThrow();
        return Answer.Ok((await KeyStanding.OfAsync(org, ledger, recorder, context.RequestAborted)).Body(known), TenancyJson.Default.KeyBody);
    }

    /// <exception cref="ApiRefusedException">The key cannot have a cap, or the limit is out of range.</exception>
    public static Budget BudgetOf(ApiKey key, KeyCapBody cap, ILedger ledger) =>
        KeyCap.Refuse(key) is { } why ? throw new ApiRefusedException(ApiError.ParameterInvalid, why) : BudgetOf(key, Inputs.SumLimit(cap.Limit, "a cap"), cap.Window, ledger);

    /// <summary>The caps of every key of an org.</summary>
    public static ILookup<string, KeyCapBody> ByKey(string org, ILedger ledger) => ledger.Of(SettingKind.Budget, org).Select(row => Budget.Parse(row.Body))
        .Where(budget => KeyCap.KeyOf(budget) is not null).OrderBy(budget => budget.Window).ToLookup(budget => KeyCap.KeyOf(budget)!, budget => new KeyCapBody(budget.Limit!.Value, budget.Window), StringComparer.Ordinal);

    private static Budget BudgetOf(ApiKey key, Amount? limit, WindowUnit window, ILedger ledger) =>
        KeyCap.Of(key.Org, key.Id, window, limit, Find(key, window, ledger)?.TimeZone ?? Inputs.Org(ledger, key.Org).Org.TimeZone);

    private static Budget? Find(ApiKey key, WindowUnit window, ILedger ledger) =>
        ledger.Find(SettingKind.Budget, key.Org, KeyCap.Of(key.Org, key.Id, window, limit: null, "UTC").Id) is { } row ? Budget.Parse(row.Body) : null;
}
