using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Costs by class of tokens against the charges of single rows.</summary>
public abstract partial class LedgerContract
{
    private static readonly ResolvedPrice[] ClassPrices =
    [
        ClassPrice("flat", 2.5m, 1.25m, 10), ClassPrice("odd", 0.13m, 0.01m, 0.18000000000000002m),
        ClassPrice("tiered", new Rate(3, [new(500, 6)]), 0.3m, 15),
    ];

    // Goal: the classes of an hour are those of its rows, each at its own price, wherever the follower is, and together what the rows were charged. Method:
    // attempts at three prices, one with tiers, and stated charges, in hours of two orgs; the follower steps between, and each row is split by hand.
    [Fact]
    public async Task T1_costs_by_class_are_those_of_the_rows_wherever_the_follower_is()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var (begin, sent) = (Clock.Now, new List<(PricedUsage Usage, Instant At)>());
        await ledger.SubmitAsync(Make.TopUp(1_000_000_000_000, "more"), Cancel);
        await ledger.SubmitAsync(Make.TopUp(1_000_000_000_000, "more", "beta"), Cancel);
        for (var i = 1; i <= 45; i++)
        {
            Clock.Now += TimeSpan.FromMinutes(11 * (i % 4) + 1);
            var usage = ClassUsage(i, Clock.Now);
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Charge(usage, Fact: true), Cancel));
            sent.Add((usage, Clock.Now));
            if (i % 10 == 0) Assert.Equal("", string.Join("\n", await FollowAsync(ledger)));
            if (i % 20 == 0)
            {
                await ledger.DisposeAsync();
                ledger = Open(fresh: false);
            }

            if (i % 9 == 0) await AssertCostsAsync(i);
        }

        await FollowAsync(ledger);
        await AssertCostsAsync(45);
        await ledger.DisposeAsync();
        AssertVerified();

        async Task AssertCostsAsync(int step)
        {
            foreach (var org in (string[])["acme", "beta"])
            {
                foreach (var (from, to) in ((Instant, Instant)[])
                    [(Instant.UnixEpoch, Instant.EndOfTime), (begin + TimeSpan.FromMinutes(70), begin + TimeSpan.FromMinutes(355))])
                {
                    foreach (var slot in (RecountSlot[])[RecountSlot.Range, RecountSlot.Hour])
                    {
                        var query = new RecountQuery(ledger.Read.Org(org)!, from, to, slot);
                        var expected = sent.Where(each => each.Usage.Usage.Labels.Org == org && query.Contains(each.At))
                            .GroupBy(each => (Slot: query.SlotOf(each.At), each.Usage.Usage.Labels))
                            .Select(rows => $"{rows.Key.Slot} {rows.Key.Labels}: {string.Join(' ', Enumerable.Range(0, 7).Select(of =>
                                rows.Sum(row => (long)PartOf(row.Usage, of))))}").Order(StringComparer.Ordinal);
                        var actual = await ledger.Read.ClassCostsAsync(query, Cancel);
                        Assert.Equal((step, string.Join("\n", expected)), (step, string.Join("\n", actual.Select(line => $"{line.Slot} {line.Labels}: "
                            + string.Join(' ', Enum.GetValues<ChargeClass>().Select(of => line.Costs[of]).Append(line.Costs.Unclassed)))
                            .Order(StringComparer.Ordinal))));
                        var sums = await ledger.Read.SumsAsync(query, Cancel);
                        var charged = Amount.Sum(sums.Select(line => line.Sums.UsageCharge)).Nanos;
                        Assert.Equal(charged, actual.Aggregate(Int128.Zero, (sum, line) => sum + line.Costs.Total));
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData("UPDATE recount_costs SET cache_read_cost = cache_read_cost + 1", "has cache_read_cost 0.000100001, its rows come to 0.0001.")]
    [InlineData("DELETE FROM recount_costs", "is missing.")]
    public async Task L8_verify_names_a_cost_by_class_that_is_not_what_its_rows_come_to(string damage, string named)
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var counts = new UsageCounts(100, 80, 0, 5, 0);
        var priced = ClassPrices[0].Price(counts);
        var usage = Make.Priced(3, 0, Make.Labels(team: "red"), at: Clock.Now);
        await ledger.SubmitAsync(Make.TopUp(1_000_000_000, "more"), Cancel);
        await ledger.SubmitAsync(
            new Command.Charge(new(usage.Usage with { Counts = counts }, ClassPrices[0], priced.ProviderCost, priced.Charge), Fact: true), Cancel);
        await FollowAsync(ledger);
        await ledger.DisposeAsync();
        AssertVerified();
        TamperCounted(damage);
        var broken = (await VerifyAsync()).Checks.Single(check => check.Id == "derived");
        Assert.Contains($"recount_costs: acme, hour from 2026-03-10T12:00:00.000000Z, {Red} {named} Run tieout rebuild derived.", broken.Rows);
    }

    private static PricedUsage ClassUsage(int id, Instant at)
    {
        var made = Make.Priced(id, 0, Make.Labels(id % 3 == 0 ? "beta" : "acme", id % 2 == 0 ? "red" : "blue"), at: at);
        if (id % 8 == 0)
        {
            return new(made.Usage with { Basis = UsageBasis.Imported }, null, new(id), new(id * 7));
        }

        var (counts, price) = (new UsageCounts(id * 37 % 900, id * 37 % 900 / 3, id % 5, id * 101 % 300, id % 2), ClassPrices[id % 3]);
        var priced = price.Price(counts);
        return new(made.Usage with { Counts = counts }, price, priced.ProviderCost, priced.Charge);
    }

    private static Int128 PartOf(PricedUsage usage, int of) => usage.Price is not { } price ? (of == 6 ? usage.Charge.Nanos : 0)
        : of == 6 ? 0 : ChargeParts.Of(price, usage.Usage.Counts, usage.Charge)[of];

    private static ResolvedPrice ClassPrice(string model, Rate input, Rate read, Rate output) => new(
        "classes@1", Asset.Usd, "p", model, null, new RateCard([
            KeyValuePair.Create(UsageUnits.InputTokens, input), KeyValuePair.Create(UsageUnits.CacheReadTokens, read),
            KeyValuePair.Create(UsageUnits.OutputTokens, output)]));
}
