using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Amounts and counts at the edges of what one command may carry.</summary>
public sealed class ExtremeAmountTests
{
    // The check of L1 over a batch summed in 64 bits what its accounts moved by, and three large charges left them: "the ledger has stopped itself".
    [Fact]
    public void L1_large_charges_of_three_orgs_in_one_batch_are_decided()
    {
        var ledger = new MemoryLedger();
        string[] orgs = ["one", "two", "three"];
        foreach (var org in orgs) ledger.Submit(Make.OpenOrg(org, BillingMode.Postpaid));

        // The holds come first, so the batch moves all customers' accounts before any account that balances them.
        var holds = orgs.Select((org, i) => Hold(ledger, i + 1, org, Amount.TransferMax));
        var settlements = orgs.Select((org, i) => (Command)new Command.Settle(Make.Priced(i + 1, Amount.TransferMax.Nanos, Make.Labels(org))));
        var writes = LedgerRules.Decide(ledger.Book, [.. holds, .. settlements], ledger.Now);

        Assert.All(writes.Outcomes, outcome => Assert.IsType<Outcome.Done>(outcome));
    }

    [Fact]
    public void L5_a_settlement_ends_its_hold_however_full_the_account_is()
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg("acme", BillingMode.Postpaid));
        ledger.Submit(Hold(ledger, 1, "acme", Amount.TransferMax));
        foreach (var account in ledger.Book.Accounts.Values.ToList())
        {
            var full = account.Copy();
            (full.Debits, full.Credits) = (Amount.SumMax, Amount.SumMax);
            ledger.Book.Recall(full);
        }

        Assert.Equal(Refusal.SumTooLarge, Assert.IsType<Outcome.Refused>(ledger.Submit(Hold(ledger, 2, "acme", new(1)))).Reason);
        Assert.Equal(Refusal.SumTooLarge, Assert.IsType<Outcome.Refused>(ledger.Submit(Make.Charge(3, 1, at: ledger.Now, fact: true))).Reason);
        Assert.IsType<Outcome.Done>(ledger.Submit(new Command.Settle(Make.Priced(1, Amount.TransferMax.Nanos))));
        Assert.Equal(Amount.Zero, ledger.Customer("acme").Held);
    }

    [Theory]
    [InlineData(128_000L, 2_048_000L)]
    [InlineData(8_192L, 1_000_000L)] // a request for embeddings carries many windows
    [InlineData(10_000_000L, 160_000_000L)]
    [InlineData(long.MaxValue, 160_000_000L)]
    [InlineData(null, 160_000_000L)]
    public void Tokens_are_bounded_by_sixteen_windows(long? window, long max)
    {
        Assert.Null(CountLimits.Check(new(max, 0, 0, max, 0), new(window)));
        Assert.Equal(new(UsageUnits.OutputTokens, max + 1, max), CountLimits.Check(new(0, 0, 0, max + 1, 0), new(window)));
        Assert.Equal(max, CountLimits.Of(UsageUnits.Find("input_audio_tokens")!, new(window)));
    }

    [Fact]
    public void Every_unit_has_a_maximum_and_no_count_is_larger() => Assert.All(UsageUnits.All, unit =>
    {
        Assert.InRange(unit.Max, 1, UsageUnits.CountMax);
        if (unit.Name.EndsWith("_tokens", StringComparison.Ordinal)) Assert.Equal(UsageUnits.InputTokens.Max, unit.Max);
    });

    private static Command.PlaceHold Hold(MemoryLedger ledger, int id, string org, Amount amount) =>
        new(Make.Id(id), Make.Labels(org), null, $"op{id}", amount, TimeSpan.FromMinutes(1));
}
