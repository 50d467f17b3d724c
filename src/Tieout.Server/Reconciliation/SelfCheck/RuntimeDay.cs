using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Runtime;
using Tieout.Core.Tenancy;
using Tieout.Server.Ingest;
using Tieout.Server.Pricing;
using Tieout.Server.Runtime;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>One day of one instance looked at closely: what its activity comes to, what is recorded and charged, and what the meter would make of it.</summary>
internal sealed class RuntimeDay
{
    private static readonly Caller Self = new(Org: null, AdminRole.Admin, "reconciliation");

    private readonly RuntimeInstance _instance;
    private readonly Intake _intake;
    private readonly List<Billed> _own;
    private readonly List<Stretch> _truth;
    private readonly TrueUp _plan;

    private RuntimeDay(RuntimeInstance instance, Intake intake, List<Billed> own, List<Stretch> truth, TrueUp plan) =>
        (_instance, _intake, _own, _truth, _plan) = (instance, intake, own, truth, plan);

    /// <param name="day">Since 1970-01-01 UTC.</param>
    /// <param name="due">The first second that is not looked at.</param>
    public static async Task<RuntimeDay> ReadAsync(
        ILedger ledger, CurrentPrices prices, Grid grid, ActivityLog log, long day, long due, CancellationToken cancellationToken)
    {
        var from = day * ComponentDay.Seconds;
        var to = Math.Max(from, Math.Min(due, from + ComponentDay.Seconds));
        var own = await RuntimeRecords.OfDayAsync(ledger.Read, log.Instance, from, cancellationToken);
        List<Stretch> truth = to == from ? [] : [.. grid.Cut(log.Between(from, to))];
        return new(log.Instance, new(ledger, prices), own, truth, TrueUp.Of(own, truth, from, to, grid));
    }

    /// <summary>Null: nothing of the component's activity is missing.</summary>
    public Finding? Missing(ComponentDay day)
    {
        var right = _plan.Charges.Where(due => due.Stretch.Component == day.Component).ToList();
        var wrong = _plan.Reversals.Where(row => row.Stretch.Component == day.Component).ToList();
        var seconds = right.Sum(due => due.Stretch.Seconds) - wrong.Sum(row => row.Stretch.Seconds);
        if (right.Count == 0 || seconds <= 0) return null;
        Amount? instead = wrong.Count == 0 ? null : wrong.Sum(row => row.Charge);
        return RuntimeRules.Missing(_instance, day, [.. right.Select(due => new Unmetered(due.Stretch, Price(due)))], instead, seconds);
    }

    /// <summary>Null: no more stands charged than the activity comes to.</summary>
    public async Task<Finding?> SurplusAsync(ILedgerReader read, long day, CancellationToken cancellationToken)
    {
        var standing = await ChargedAsync(read, day, cancellationToken);
        var (names, beyond, charged, right) = (new List<string>(), 0L, Amount.Zero, (Amount?)Amount.Zero);
        for (var i = 0; i < _instance.Components.Length; i++)
        {
            var (component, rows, active) = (_instance.Components[i], standing.Where(row => row.Component == i).ToList(),
                _truth.Where(stretch => stretch.Component == i).ToList());
            var surplus = rows.Sum(row => row.Units) - active.Sum(stretch => component.UnitsIn(stretch.Seconds, stretch.Replicas));
            if (surplus <= 0) continue;
            names.Add(component.Name);
            beyond += surplus / component.UnitsIn(1, 1);
            foreach (var row in rows) charged += row.Posting.Amount;
            foreach (var stretch in active) right += rows.Find(row => row.Own is { } own && own.Stretch == stretch)?.Posting.Amount ?? Price(new(stretch, 1));
        }

        return names.Count == 0 ? null : RuntimeRules.Surplus(_instance, day, names, beyond, charged, right);
    }

    /// <summary>Makes the day as the meter would, and takes back what was handed in beside it.</summary>
    /// <param name="isSurplus">Only of what stands for too much is another's taken back.</param>
    /// <returns>False: no price is known.</returns>
    public async Task<bool> CorrectAsync(
        ILedger ledger, long day, bool isSurplus, string finding, Func<Command, Task<Outcome>> submit, CancellationToken cancellationToken)
    {
        var wrong = _plan.Reversals.Select(row => row.Usage).ToList();
        if (isSurplus) wrong.AddRange((await ChargedAsync(ledger.Read, day, cancellationToken)).Where(row => row.Own is null).Select(row => row.Usage));
        return await new RuntimeRecharge(ledger, _intake).DoAsync(_instance, _plan.Charges, wrong, finding, cancellationToken, submit);
    }

    private Amount? Price(Due due) => _intake.Priced(RuntimeRecords.Item(_instance, due, 0), Self)?.Charge;

    /// <summary>Records that occurred on the day in the name of the instance, whoever made them, and stand charged.</summary>
    private async Task<List<ChargedStretch>> ChargedAsync(ILedgerReader read, long day, CancellationToken cancellationToken)
    {
        var standing = new List<ChargedStretch>();
        var (from, to) = (RuntimeRecords.At(day * ComponentDay.Seconds), RuntimeRecords.At((day + 1) * ComponentDay.Seconds));
        var own = _own.ToDictionary(row => row.Usage);
        await foreach (var row in read.UsageAsync(UsageOfInstance(from), cancellationToken))
        {
            var place = Instances.Place(_instance, row.Usage.Labels.Runtime?.Component);
            if (place < 0 || row.Usage.OccurredAt < from || row.Usage.OccurredAt >= to) continue;
            if (await RuntimeRecharge.StandingAsync(read, _instance.Org, row.Usage.Id, cancellationToken) is not { } posting) continue;
            standing.Add(new(row.Usage.Id, place, UnitCounts.Of(row.Usage.Counts)[_instance.Components[place].Unit], posting,
                own.TryGetValue(row.Usage.Id, out var billed) ? billed : null));
        }

        return standing;
    }

    private UsageFilter UsageOfInstance(Instant from) => new UsageFilter(_instance.Org, from, new(long.MaxValue)).Where("app_instance", _instance.Id);

    /// <param name="Own">As the meter made it; null: it was handed in.</param>
    private sealed record ChargedStretch(AttemptId Usage, int Component, long Units, Posting Posting, Billed? Own);
}
