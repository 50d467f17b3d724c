using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Budgets;

/// <summary>Every budget window in force, counted anew from postings and open holds; and today's total by each level of the hierarchy.</summary>
/// <param name="Differing">Windows and levels that differ.</param>
public sealed record BudgetReconciliationBody(
    string Org, string Asset, IReadOnlyList<WindowCheckBody> Windows, IReadOnlyList<LevelBody> Levels, int Differing, long AsOf);

/// <param name="Posted">As the window stands.</param>
/// <param name="PostedCounted">From the postings.</param>
/// <param name="HeldCounted">From the open holds.</param>
/// <param name="Difference">Standing − counted, posted and held together.</param>
public sealed record WindowCheckBody(
    string Budget, string? User, string Start, string End, Amount Posted, Amount PostedCounted, Amount Held, Amount HeldCounted, Amount Difference);

/// <summary>One level of Org → Team → Key, which must come to what the flat daily counter says.</summary>
/// <param name="Level">org, project, team or key.</param>
/// <param name="Total">Σ members.</param>
/// <param name="Flat">The org's own daily counter.</param>
/// <param name="Difference">Total − flat.</param>
public sealed record LevelBody(string Level, Amount Total, Amount Flat, Amount Difference, IReadOnlyList<LevelMemberBody> Members);

/// <param name="Name">Null: what was spent without one.</param>
/// <param name="Budgeted">What its own daily window says; null: it has none.</param>
public sealed record LevelMemberBody(string? Name, Amount Charged, Amount? Budgeted);

/// <summary><c>budgets reconcile</c>.</summary>
internal static class BudgetReconciliation
{
    public static void MapBudgetReconciliation(this IEndpointRouteBuilder api) =>
        api.MapGet("/orgs/{org}/budgets/reconciliation", async (string org, HttpContext context, ILedger ledger, TimeProvider time) =>
    {
        Inputs.OnlyQuery(context);
        var (state, now) = (Inputs.Org(ledger, org), Instant.From(time.GetUtcNow()));
        var compared = await AgreeingRead.UntilAsync(ReadAsync, body => body.Differing == 0, context.RequestAborted);
        return Answer.Ok(compared, BudgetJson.Default.BudgetReconciliationBody);

        async Task<BudgetReconciliationBody> ReadAsync()
        {
            var asOf = ledger.Read.AsOf;
            var windows = await WindowsAsync(org, now, ledger.Read, context.RequestAborted);
            var levels = await LevelsAsync(state, now, ledger.Read, context.RequestAborted);
            var differing = windows.Count(window => window.Posted != window.PostedCounted || window.Held != window.HeldCounted)
                + levels.Count(level => level.Difference != Amount.Zero);
            return new(org, state.Org.Asset, windows, levels, differing, asOf);
        }
    }).Allow(Access.EveryRole);

    private static async Task<List<WindowCheckBody>> WindowsAsync(string org, Instant now, ILedgerReader read, CancellationToken cancellationToken)
    {
        var budgets = read.BudgetStates(org);
        var standing = read.Budgets(org, now).ToDictionary(window => (window.State.No, window.Each));
        var holds = read.OpenHolds(org);
        var counted = (await read.RecountAsync(org, budgets, now, cancellationToken)).ToDictionary(window => window.Key);
        List<WindowCheckBody> checks = [];
        foreach (var budget in budgets)
        {
            var period = budget.WindowAt(now);
            var held = holds.Where(
                hold => budget.CountsHold(hold.Seq) && budget.Counts(hold.Scope, hold.EndUser) && budget.WindowAt(hold.HeldAt).Start == period.Start)
                .ToLookup(hold => budget.IsPerUser ? hold.EndUser : null, hold => hold.Amount);
            var users = standing.Keys.Where(key => key.No == budget.No).Select(key => key.Each)
                .Union(counted.Keys.Where(key => key.Budget == budget.No && key.Start == period.Start).Select(key => key.Each))
                .Union(held.Select(group => group.Key)).ToList();
            foreach (var user in users.Order(StringComparer.Ordinal))
            {
                var shown = standing.GetValueOrDefault((budget.No, user));
                var (posted, postedCounted) = (shown?.Posted ?? Amount.Zero,
                    counted.GetValueOrDefault(new(budget.No, period.Start, user))?.Posted ?? Amount.Zero);
                var (heldNow, heldCounted) = (shown?.Held ?? Amount.Zero, Amount.Sum(held[user]));
                checks.Add(new(budget.Budget.Id, user, period.Start.ToString(), period.End.ToString(), posted, postedCounted, heldNow, heldCounted,
                    posted + heldNow - postedCounted - heldCounted));
            }
        }

        return checks;
    }

    private static async Task<List<LevelBody>> LevelsAsync(OrgState org, Instant now, ILedgerReader read, CancellationToken cancellationToken)
    {
        var day = Window.Of(WindowUnit.Day, now, org.Zone);
        var lines = (await read.SumsAsync(new(org, day.Start, day.End), cancellationToken)).Where(line => line.Sums.Postings > 0).ToList();
        var flat = read.SpentToday(org.Org.Id, now);
        var daily =
            read.Budgets(org.Org.Id, now).Where(window => window.State.Budget.Window == WindowUnit.Day && window.Each is null && window.Period == day).ToList();

        LevelBody Level(string name, Func<UsageLabels, string?> of, Func<BudgetScope, string?> scoped)
        {
            var members = lines.GroupBy(line => of(line.Labels), StringComparer.Ordinal)
                .Select(group => new LevelMemberBody(group.Key, Sum(group), Window(group.Key)))
                .OrderBy(member => member.Name, StringComparer.Ordinal).ToList();
            var total = members.Sum(member => member.Budgeted ?? member.Charged);
            return new(name, total, flat, total - flat, members);

            Amount? Window(string? member) => member is null ? null
                : daily.Find(window => scoped(window.State.Budget.Scope) == member && Levels(window.State.Budget.Scope) == 1)?.Posted;
        }

        return [Level("org", _ => org.Org.Id, _ => null), Level("project", labels => labels.Project, scope => scope.Project),
            Level("team", labels => labels.Team, scope => scope.Team), Level("key", labels => labels.Key, scope => scope.Key)];
    }

    private static int Levels(BudgetScope scope) => new[] { scope.Project, scope.Team, scope.Key, scope.User, scope.Feature }.Count(part => part is not null);

    private static Amount Sum(IEnumerable<LabelledLine> lines) => lines.Sum(line => line.Sums.Charge);
}
