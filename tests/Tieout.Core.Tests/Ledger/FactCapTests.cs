using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Ledger;

/// <summary>A capped fact passes a limit by what its day may take the org beyond it, read from the account and the windows.</summary>
public sealed class FactCapTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public void B1_a_day_takes_the_org_beyond_its_balance_by_the_cap_and_not_more()
    {
        var ledger = Opened(money: 100);
        Assert.IsType<Outcome.Done>(Charge(ledger, 1, 90));
        Assert.IsType<Outcome.Done>(Charge(ledger, 2, 40));
        var before = ledger.State();
        Assert.Equal(Refusal.InsufficientBalance, Assert.IsType<Outcome.Refused>(Charge(ledger, 3, 21)).Reason);

        // L6: the refusal left nothing behind.
        Assert.Equal(before, ledger.State());
        Assert.IsType<Outcome.Done>(Charge(ledger, 3, 20));
        Assert.Equal(new Amount(-50), ledger.Customer("acme").Balance);
        Assert.Equal(2, ledger.Findings.Count(finding => finding.Code == FindingCode.Overrun));
    }

    [Fact]
    public void B1_the_next_day_has_a_cap_of_its_own()
    {
        var ledger = Opened(money: 0);
        Assert.IsType<Outcome.Done>(Charge(ledger, 1, 50));
        Assert.IsType<Outcome.Refused>(Charge(ledger, 2, 1));
        ledger.Now += Day;
        Assert.IsType<Outcome.Done>(Charge(ledger, 2, 50));
        Assert.IsType<Outcome.Refused>(Charge(ledger, 3, 1));
        Assert.Equal(new Amount(-100), ledger.Customer("acme").Balance);
    }

    [Fact]
    public void B1_back_dated_facts_answer_for_all_that_is_beyond()
    {
        var ledger = Opened(money: 0);
        foreach (var (id, days) in new[] { (1, 1), (2, 2), (3, 3), (4, 4) }) Charge(ledger, id, 25, ledger.Now - (days * Day));
        Assert.Equal(new Amount(-50), ledger.Customer("acme").Balance);
    }

    [Fact]
    public void B1_the_cap_counts_from_the_limit_that_is_passed_furthest()
    {
        var ledger = Opened(money: 1_000);
        ledger.Submit(Make.Budget(limit: 100));
        Assert.IsType<Outcome.Done>(Charge(ledger, 1, 150));
        Assert.Equal(Refusal.BudgetExhausted, Assert.IsType<Outcome.Refused>(Charge(ledger, 2, 1)).Reason);
    }

    [Fact]
    public void L3_a_fact_that_is_charged_is_replayed_when_nothing_is_left()
    {
        var ledger = Opened(money: 0);
        var at = ledger.Now;
        Charge(ledger, 1, 50, at);
        Assert.IsType<Outcome.Replayed>(Charge(ledger, 1, 50, at));
    }

    private static MemoryLedger Opened(long money)
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg());
        if (money > 0) ledger.Submit(Make.TopUp(money));
        return ledger;
    }

    private static Outcome Charge(MemoryLedger ledger, int id, long amount, Instant? at = null) =>
        ledger.Submit((Command.Charge)Make.Charge(id, amount, at: at ?? ledger.Now, fact: true) with { BeyondMax = new Amount(50) });
}
