using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Budgets;

/// <param name="User">An end user; <c>*</c> gives each a window of their own.</param>
/// <param name="TimeZone">Default: the org's.</param>
public sealed record SetBudgetBody(
    WindowUnit? Window, Amount? Limit, bool? Hard, string? Project = null, string? Team = null, string? Key = null, string? User = null,
    string? Feature = null, string? TimeZone = null, IReadOnlyList<int>? Thresholds = null);

/// <summary>A budget and how its current window stands.</summary>
/// <param name="Each">The end user whose window it is, for a budget of each user.</param>
/// <param name="Start">Null: from the beginning of time.</param>
/// <param name="End">Half-open; null: for ever.</param>
/// <param name="Left">Limit − posted − held.</param>
public sealed record BudgetBody(
    string Id, string? Project, string? Team, string? Key, string? User, string? Feature, WindowUnit Window, Amount? Limit, bool Hard, string TimeZone,
    IReadOnlyList<int> Thresholds, string? Each, string? Start, string? End, Amount Posted, Amount Held, Amount? Left);

public sealed record BudgetListBody(string Org, string Asset, IReadOnlyList<BudgetBody> Items, long AsOf);

/// <summary>Budgets: limits on what a scope spends per window.</summary>
internal static class BudgetEndpoints
{
    public static void MapBudgets(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/budgets", List).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
        api.MapPut("/orgs/{org}/budgets", Set).Allow(Access.Roles(AdminRole.Operator));
    }

    private static IResult List(string org, ILedger ledger, TimeProvider time)
    {
        var asOf = ledger.Read.AsOf;
        var state = Inputs.Org(ledger, org);
        var now = Instant.From(time.GetUtcNow());
        var items = ledger.Read.Budgets(org, now).Where(standing => standing.State.Budget.Limit is not null).Select(Body).ToList();
        return Answer.Ok(new BudgetListBody(org, state.Org.Asset, items, asOf), BudgetJson.Default.BudgetListBody);
    }

    private static async Task<IResult> Set(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, BudgetJson.Default.SetBudgetBody);
        var state = Inputs.Org(ledger, org);
        var limit = Inputs.SumLimit(body.Limit ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "limit is required, for example 100."), "a limit");
        var window = body.Window ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "window is required: minute, hour, day, week, month or total.");
        var hard = body.Hard ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "hard is required: true or false.");
        // Projects, users and features come with requests; teams and keys exist only here, so an unknown one would never count anything.
        ledger.Exists(SettingKind.Team, org, body.Team);
        ledger.Exists(SettingKind.Key, org, body.Key);
        if (body.Key is { } id && KeyCap.RefuseWorker(ApiKey.Parse(ledger.Find(SettingKind.Key, org, id)!.Body)) is { } why)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, why);
        }

        var scope = new BudgetScope(org, body.Project, body.Team, body.Key, body.User, body.Feature);
        if (scope.IsWholeOrg && window == WindowUnit.Day && (body.TimeZone ?? state.Org.TimeZone) != state.Org.TimeZone)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"The org's own day is cut in its time zone, {state.Org.TimeZone}.");
        }

        var budget = new Budget(
            scope, window, limit, hard, body.TimeZone ?? state.Org.TimeZone, body.Thresholds is { } given ? [.. given] : Budget.DefaultThresholds);
        var (isNew, _, _) = (await ledger.ActAsync(new Command.SetBudget(budget), AdminCalls.Of(context))).OrThrow();
        return Answer.Made(isNew, Body(Standing(budget, ledger.Read, Instant.From(time.GetUtcNow()))), BudgetJson.Default.BudgetBody);
    }

    /// <summary>A budget that gives each end user a window has none before the first of them spends.</summary>
    private static BudgetStanding Standing(Budget budget, IBudgetsReader read, Instant now)
    {
        if (read.Budgets(budget.Scope.Org, now).FirstOrDefault(window => window.State.Budget.Id == budget.Id) is { } standing) return standing;
        var state = read.BudgetStates(budget.Scope.Org).First(state => state.Budget.Id == budget.Id);
        return new(state, state.WindowAt(now), Each: null, Amount.Zero, Amount.Zero, budget.Limit, LastAlertedPercent: 0);
    }

    private static BudgetBody Body(BudgetStanding standing)
    {
        var budget = standing.State.Budget;
        var isTotal = budget.Window == WindowUnit.Total;
        return new(
            budget.Id, budget.Scope.Project, budget.Scope.Team, budget.Scope.Key, budget.Scope.User, budget.Scope.Feature, budget.Window, budget.Limit,
            budget.Hard, budget.TimeZone, budget.Thresholds, standing.Each, isTotal ? null : standing.Period.Start.ToString(),
            isTotal ? null : standing.Period.End.ToString(), standing.Posted, standing.Held, standing.Left);
    }
}
