using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation;

/// <summary>What was spent today, by three surfaces that must say the same.</summary>
/// <param name="Org">Null: all orgs of the asset.</param>
/// <param name="TimeZone">In which today was cut; for all orgs each one's own, and this null unless they share it.</param>
/// <param name="CounterDailyTotal">From the ledger's own daily window, the figure that headers and budgets show.</param>
/// <param name="LedgerDailyTotal">Σ charge postings.</param>
/// <param name="UsageDailyTotal">Σ usage records with their corrections.</param>
/// <param name="DriftPct">The largest difference, in per cent of the ledger's figure; 0 when equal.</param>
/// <param name="LastCounterWrite">The last commit: it moves counters and postings together. Null: nothing was charged today.</param>
/// <param name="Severity"><c>normal</c>, or <c>defect</c>: for Tieout's own state anything but 0 is one.</param>
/// <param name="Band">As it would be of an external counter: normal below 2 %, medium to 10 %, high above; critical: the counter is 0, or stands still over
/// five minutes behind the ledger.</param>
public sealed record CostsTodayBody(
    string? Org, string Asset, Amount CounterDailyTotal, Amount LedgerDailyTotal, Amount UsageDailyTotal, decimal DriftPct,
    string? LastCounterWrite, string? LastLedgerWrite, string Severity, string Band, string? TimeZone, long AsOf);

/// <summary>What became of finished spend that had waited in the spool.</summary>
/// <param name="Replayed">Now in the ledger.</param>
/// <param name="Already">Were in it from an earlier try: nothing counts twice.</param>
/// <param name="Refused">Refused by the ledger; the log names each.</param>
/// <param name="DroppedRecords">Always 0.</param>
public sealed record ReplayBody(int Replayed, int Already, int Refused, int SpoolDepth, long DroppedRecords);

/// <summary>Costs of today, and finished spend that has yet to become costs.</summary>
internal static class CostEndpoints
{
    /// <summary>Tries to read all three while nothing is charged; under load it then brackets, see <see cref="ReadAsync"/>.</summary>
    private const int QuietReadsMax = 5;

    public static void MapCosts(this IEndpointRouteBuilder api)
    {
        api.MapGet("/costs/today", All).Allow(Access.EveryRole);
        api.MapPost("/costs/replay-dlq", ReplayAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
        api.MapGet("/orgs/{org}/costs/today", One).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
    }

    private static async Task<IResult> ReplayAsync(SettlementSpool spool, HttpContext context, ILedger ledger)
    {
        await ledger.RecordActionAsync(AdminCalls.Of(context), "", new() { ["spool_depth"] = spool.Count });
        var replay = await spool.ReplayAsync(context.RequestAborted);
        return Answer.Ok(new ReplayBody(replay.Done, replay.Already, replay.Refused, spool.Count, spool.Dropped), ReconciliationJson.Default.ReplayBody);
    }

    private static async Task<IResult> One(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var state = Inputs.Org(ledger, org);
        return Answer.Ok(await ReportAsync([state], org, ledger, time, context.RequestAborted), ReconciliationJson.Default.CostsTodayBody);
    }

    private static async Task<IResult> All(HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "asset");
        var (asset, orgs) = Inputs.OrgsOfAsset(context, ledger);
        return Answer.Ok(await ReportAsync(orgs, org: null, ledger, time, context.RequestAborted, asset), ReconciliationJson.Default.CostsTodayBody);
    }

    /// <summary>The report that API and console show.</summary>
    /// <param name="org">Null: all of the orgs, whose asset is one.</param>
    internal static async Task<CostsTodayBody> ReportAsync(
        IReadOnlyList<OrgState> orgs, string? org, ILedger ledger, TimeProvider time, CancellationToken cancellationToken, string? asset = null)
    {
        var asOf = ledger.Read.AsOf;
        var now = Instant.From(time.GetUtcNow());
        var (counter, postings, usage) = (Amount.Zero, Amount.Zero, Amount.Zero);
        Instant? lastPosting = null;
        foreach (var state in orgs)
        {
            var (spent, totals) = await ReadAsync(state, now, ledger, cancellationToken);
            counter += spent;
            postings += totals.Postings;
            usage += totals.Usage;
            if (totals.LastPostingAt is { } at && (lastPosting is null || at > lastPosting)) lastPosting = at;
        }

        var drift = DriftPct(postings, counter, usage);
        var zones = orgs.Select(state => state.Org.TimeZone).Distinct(StringComparer.Ordinal).ToList();
        var lastCounter = lastPosting is null ? null : ledger.Health.LastWriteAt ?? lastPosting;
        return new(
            org, asset ?? orgs[0].Org.Asset, counter, postings, usage, drift, lastCounter?.ToString(), lastPosting?.ToString(),
            counter == postings && usage == postings ? "normal" : "defect",
            SnakeCase.Of(Drift.Severity(drift, counter == Amount.Zero,
                lastPosting is { } posted && ledger.Health.LastWriteAt is { } written && posted - written > Drift.StaleAfter)),
                zones.Count == 1 ? zones[0] : null, asOf);
    }

    /// <summary>
    /// The counter is in memory, and the sums are what the follower counted with the rows after it, so charges may fall between the two
    /// readings. If some did, again; and if they always do, the counter is read before and after: a sum that lies between was the counter's value at the
    /// moment of the sum.
    /// </summary>
    internal static async Task<(Amount Counter, RangeTotals Totals)> ReadAsync(OrgState org, Instant now, ILedger ledger, CancellationToken cancellationToken)
    {
        var day = Window.Of(WindowUnit.Day, now, org.Zone);
        for (var attempt = 1; ; attempt++)
        {
            var before = ledger.Read.SpentToday(org.Org.Id, now);
            var totals = RangeTotals.Of(await ledger.Read.SumsAsync(new(org, day.Start, day.End), cancellationToken));
            var after = ledger.Read.SpentToday(org.Org.Id, now);
            if (before == after) return (after, totals);
            if (attempt == QuietReadsMax)
            {
                return (Amount.Largest(Amount.Min(before, after), Amount.Min(totals.Postings, Amount.Largest(before, after))), totals);
            }
        }
    }

    /// <summary>Rounded to six decimals, but never to 0 what is not.</summary>
    internal static decimal DriftPct(Amount ledger, params ReadOnlySpan<Amount> others)
    {
        var worst = 0m;
        foreach (var other in others) worst = Math.Max(worst, Math.Abs((other - ledger).ToDecimal()));
        if (worst == 0) return 0;
        if (ledger == Amount.Zero) return 100;
        return Math.Max(0.000001m, Math.Round(100 * worst / Math.Abs(ledger.ToDecimal()), 6));
    }
}
