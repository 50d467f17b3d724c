using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Examples that a finance person would ask for by name.</summary>
public sealed class MoneyTests
{
    [Fact]
    public void Grants_are_used_before_bought_money_lowest_priority_first_then_soonest_expiry()
    {
        var ledger = Opened();
        var day = TimeSpan.FromDays(1);
        ledger.Submit(Make.TopUp(100));
        ledger.Submit(new Command.Grant("late", "acme", new(10), Priority: 1, ledger.Now + day));
        ledger.Submit(new Command.Grant("first", "acme", new(10), Priority: 0, ExpiresAt: null));
        ledger.Submit(new Command.Grant("soon", "acme", new(10), Priority: 0, ledger.Now + day));

        ledger.Submit(Make.Charge(1, 15, at: ledger.Now));

        Assert.Equal([("first", 5L), ("late", 10L)], ledger.Customer("acme").Grants.Select(lot => (lot.Id, lot.Left.Nanos)));
        Assert.Equal(new Amount(115), ledger.Customer("acme").Balance);
    }

    [Fact]
    public void An_expired_grant_takes_back_what_is_left_but_nothing_that_a_hold_counts_on()
    {
        var ledger = Opened();
        ledger.Submit(new Command.Grant("g", "acme", new(100), 0, ledger.Now + TimeSpan.FromHours(1)));
        ledger.Submit(Make.Hold(ledger, 1, 70, seconds: 7_200));
        ledger.Now += TimeSpan.FromHours(1);

        Assert.IsType<Outcome.Done>(ledger.Submit(new Command.ExpireGrant("acme", "g")));
        Assert.Equal(new Amount(70), ledger.Customer("acme").Balance);
        Assert.IsType<Outcome.Refused>(ledger.Submit(new Command.ExpireGrant("acme", "g")));

        ledger.Submit(Make.Settle(1, 50, at: ledger.Now));
        Assert.IsType<Outcome.Done>(ledger.Submit(new Command.ExpireGrant("acme", "g")));
        Assert.Equal(Amount.Zero, ledger.Customer("acme").Balance);
        Assert.Empty(ledger.Customer("acme").Grants);
    }

    [Fact]
    public void Postpaid_owes_what_it_spent_up_to_its_credit_line()
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg(billing: BillingMode.Postpaid, creditLine: 100));

        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Hold(ledger, 1, 100)));
        Assert.Equal(Refusal.InsufficientBalance, Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Hold(ledger, 2, 1))).Reason);
        ledger.Submit(Make.Settle(1, 80, at: ledger.Now));

        Assert.Equal(new Amount(-80), ledger.Customer("acme").Balance);
        Assert.Equal(new Amount(20), ledger.Customer("acme").Available);
    }

    [Fact]
    public void L2_more_spent_than_held_is_charged_all_the_same_and_flagged_as_an_overrun()
    {
        var ledger = Opened();
        ledger.Submit(Make.TopUp(100));
        ledger.Submit(Make.Hold(ledger, 1, 100));

        var done = Assert.IsType<Outcome.Done>(ledger.Submit(Make.Settle(1, 130, at: ledger.Now)));

        Assert.Equal(new Amount(-30), done.Figures.Posted);
        Assert.Equal(ChargeFlags.Overrun | ChargeFlags.AboveCeiling, ledger.Usage[0].Flags);
        Assert.Contains(ledger.Findings,
            finding => finding is { Code: { Name: "usage_above_ceiling", Severity: "high" } }
                && finding.Detail.Contains("\"held\":\"0.0000001\"", StringComparison.Ordinal));
        Assert.Contains(ledger.Findings,
            finding => finding is { Code: { Name: "overrun", Severity: "high" } }
                && finding.Detail.Contains("\"difference\":\"0.00000003\"", StringComparison.Ordinal));
    }

    [Fact]
    public void A_hold_that_expired_gives_its_money_back_is_listed_and_a_late_settlement_is_charged_and_flagged()
    {
        var ledger = Opened();
        ledger.Submit(Make.TopUp(100));
        ledger.Submit(Make.Hold(ledger, 1, 60, seconds: 10));
        ledger.Now += TimeSpan.FromSeconds(10);

        ledger.Submit(new Command.ExpireHold(Make.Id(1)));
        Assert.Equal(Amount.Zero, ledger.Customer("acme").Held);
        Assert.Contains(ledger.Findings, finding => finding.Code == FindingCode.OrphanHold);

        ledger.Submit(Make.Settle(1, 40, at: ledger.Now));
        Assert.Equal(new Amount(60), ledger.Customer("acme").Balance);
        Assert.Equal(ChargeFlags.Late, ledger.Usage[0].Flags);
        Assert.Single(ledger.Ends);
    }

    [Fact]
    public void I2_usage_that_comes_after_its_period_was_closed_counts_in_the_open_one()
    {
        var ledger = Opened();
        ledger.Submit(Make.TopUp(100));
        var february = Instant.From(new DateTimeOffset(2026, 2, 20, 0, 0, 0, TimeSpan.Zero));
        ledger.Submit(Make.Charge(1, 5, at: february));
        ledger.Submit(new Command.ClosePeriod("acme", new Month(2026, 2)));

        ledger.Submit(Make.Charge(2, 7, at: february));

        Assert.Equal([february, ledger.Now], ledger.Usage.Select(row => row.EffectiveAt));
        Assert.Equal(february, ledger.Usage[1].Usage.OccurredAt);
    }

    [Fact]
    public void Usage_without_a_price_is_charged_nothing_and_is_a_finding()
    {
        var ledger = Opened();
        ledger.Submit(new Command.Charge(Make.Priced(1, 0, at: ledger.Now) with { Price = null }, Fact: true));

        Assert.Equal(ChargeFlags.Unpriced, ledger.Usage[0].Flags);
        Assert.Contains(ledger.Findings, finding => finding is { Code: { Name: "unpriced", Severity: "high" } });
    }

    private static MemoryLedger Opened()
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg());
        return ledger;
    }
}
