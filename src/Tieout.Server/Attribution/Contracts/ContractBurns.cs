using Tieout.Core;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Storage;

namespace Tieout.Server.Attribution.Contracts;

/// <param name="Window">fast or slow.</param>
/// <param name="From">The beginning of an hour of UTC.</param>
/// <param name="To">The end of the current hour, not included.</param>
/// <param name="Lacking">Billable records that lack something.</param>
/// <param name="Rate">1: just what the objective allows is incomplete; null: the objective allows nothing, and something is missing.</param>
/// <param name="RateMax">Above it the window burns.</param>
/// <param name="Burning">It burns, and the alert <c>contract_burn_...</c> is open if it burns over all orgs.</param>
public sealed record BurnBody(string Window, string From, string To, long Billable, long Lacking, decimal? Rate, decimal RateMax, bool Burning)
{
    internal static BurnBody Of(BudgetBurn burn, Instant now)
    {
        var (from, to) = burn.Window.Range(now);
        return new(burn.Window.Name, from.ToString(), to.ToString(), burn.Billable, burn.Lacking, burn.Rate, burn.Window.RateMax, burn.IsBurning);
    }
}

/// <summary>How fast error budgets are used, from the follower's lines.</summary>
internal static class ContractBurns
{
    /// <summary>Of each contract every window, in the order of the contracts.</summary>
    public static async Task<IReadOnlyList<IReadOnlyList<BudgetBurn>>> ReadAsync(
        IReadOnlyList<JoinContract> contracts, IReadOnlyList<OrgState> orgs, IRecountReader read, Instant now, CancellationToken cancellationToken)
    {
        var counts = contracts.Select(contract => BurnWindow.All.Select(_ => new Completeness(contract)).ToList()).ToList();
        foreach (var (index, window) in BurnWindow.All.Index())
        {
            var (from, to) = window.Range(now);
            foreach (var org in orgs)
            {
                foreach (var line in await read.StatusesAsync(new RecountQuery(org, from, to, RecountSlot.Range), cancellationToken))
                {
                    foreach (var contract in counts) contract[index].Add(line.Labels, line.Absent, line.Billable, line.Charge);
                }
            }
        }

        return [.. counts.Select(contract => BurnWindow.All.Zip(contract, BudgetBurn.Of).ToList())];
    }
}
