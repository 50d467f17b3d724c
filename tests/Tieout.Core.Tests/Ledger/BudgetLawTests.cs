using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Core.Tests.Ledger;

public sealed class BudgetLawTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(120);

    [Fact]
    public void B1_no_command_takes_a_hard_window_past_its_limit_but_by_a_flagged_overrun() => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var ledger = Histories.Begin();
        foreach (var step in steps)
        {
            var before = ledger.Book.Windows.ToDictionary(window => window.Key, window => window.Value.Posted + window.Value.Held);
            var overruns = ledger.Findings.Count(finding => finding.Code == FindingCode.Overrun);
            Histories.Take(ledger, step);
            if (ledger.Findings.Count(finding => finding.Code == FindingCode.Overrun) > overruns) continue;
            foreach (var window in ledger.Book.Windows.Values)
            {
                var budget = ledger.Book.Budgets.All.First(state => state.No == window.Key.Budget).Budget;
                if (budget is not { Hard: true, Limit: { } limit } || window.Posted + window.Held <= limit) continue;
                // A limit that was lowered, or set beneath what was spent, may leave a window above it; nothing may raise it further.
                if (window.Posted + window.Held > before.GetValueOrDefault(window.Key) && !step.Text.StartsWith("budget", StringComparison.Ordinal))
                {
                    return false;
                }
            }
        }

        return true;
    }));

    [Fact]
    public void B2_what_a_window_says_is_the_sum_of_the_charges_in_its_scope_and_time() => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var ledger = Histories.Begin();
        foreach (var step in steps) Histories.Take(ledger, step);
        var again = ledger.Recompute();
        return ledger.Book.Windows.Values.All(window =>
        {
            var recomputed = again.Windows.GetValueOrDefault(window.Key);
            return (recomputed?.Posted ?? Amount.Zero) == window.Posted && (recomputed?.Held ?? Amount.Zero) == window.Held;
        }) && again.Windows.Values.All(window => (window.Posted == Amount.Zero && window.Held == Amount.Zero) || ledger.Book.Windows.ContainsKey(window.Key));
    }));

    [Fact]
    public void B3_when_the_last_budget_refuses_the_first_has_not_moved()
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg());
        ledger.Submit(Make.TopUp(1_000));
        ledger.Submit(Make.Budget(900, new BudgetScope("acme"), WindowUnit.Month));
        ledger.Submit(Make.Budget(100, new BudgetScope("acme", Key: "k1")));
        var labels = Make.Labels(key: "k1");

        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Hold(ledger, 1, 60, labels)));
        var before = ledger.State();
        var refused = Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Hold(ledger, 2, 60, labels)));

        Assert.Equal(("acme/key=k1/day", new Amount(40)), (refused.Limit, refused.Left));
        Assert.Equal(before, ledger.State());
    }

    [Fact]
    public void Thresholds_are_told_once_a_window_and_again_in_the_next()
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg());
        ledger.Submit(Make.TopUp(1_000));
        ledger.Submit(Make.Budget(100));
        for (var i = 1; i <= 10; i++) ledger.Submit(Make.Charge(i, 10, at: ledger.Now));
        Assert.Equal([50, 75, 90, 100], Told(ledger));

        ledger.Now += TimeSpan.FromDays(1);
        ledger.Submit(Make.Charge(11, 80, at: ledger.Now));
        Assert.Equal([50, 75, 90, 100, 50, 75], Told(ledger));

        static IEnumerable<int> Told(MemoryLedger ledger) => ledger.Outbox.Where(message => message.Type == "budget.threshold")
            .Select(message => int.Parse(message.Id.Split('/')[^1], System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_budget_for_each_user_limits_a_user_it_has_never_seen()
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg());
        ledger.Submit(Make.TopUp(1_000));
        ledger.Submit(Make.Budget(50, new BudgetScope("acme", User: BudgetScope.EachUser)));

        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Hold(ledger, 1, 50, user: "ann")));
        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Hold(ledger, 2, 50, user: "bob")));
        Assert.Equal(Refusal.BudgetExhausted, Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Hold(ledger, 3, 1, user: "ann"))).Reason);
    }

    [Fact]
    public void A_hold_that_outlives_its_day_is_charged_to_the_day_it_was_held_in()
    {
        var ledger = new MemoryLedger { Now = Instant.From(new DateTimeOffset(2026, 3, 10, 23, 59, 50, TimeSpan.Zero)) };
        ledger.Submit(Make.OpenOrg());
        ledger.Submit(Make.TopUp(1_000));
        ledger.Submit(Make.Budget(100));
        ledger.Submit(Make.Hold(ledger, 1, 100));
        ledger.Now += TimeSpan.FromSeconds(30);

        ledger.Submit(Make.Settle(1, 70, at: ledger.Now));

        var windows = ledger.Book.Windows.Values.Where(window => window.Posted == new Amount(70)).ToList();
        Assert.All(windows, window => Assert.Equal(new Month(2026, 3), Month.Of(window.Key.Start, TimeZoneInfo.Utc)));
        Assert.All(windows, window => Assert.True(window.End <= ledger.Now));
        Assert.Single(windows); // The whole org's daily budget and its daily meter are one window.
    }
}
