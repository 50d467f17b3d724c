using BenchmarkDotNet.Attributes;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;

namespace Tieout.Benchmarks;

/// <summary>The pure decision alone, without a store: what it costs, and what it allocates, per command.</summary>
[MemoryDiagnoser]
[ShortRunJob]
public class DecideBenchmarks
{
    private static readonly Instant Now = Instant.From(new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private static readonly ResolvedPrice Price = new("bench@1", Asset.Usd, "p", "m", from: null, RateCard.Empty);

    private Book _book = new();
    private Command[] _charges = [];
    private Command[] _holdsAndSettlements = [];

    [Params(1, 100, 8_189)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var labels = new UsageLabels { Org = "acme", Team = "red", Key = "k1", Provider = "p", Model = "m", Source = UsageSource.Gateway };
        _book = new Book();
        foreach (var command in (Command[])
        [
            new Command.OpenOrg(new Org("acme", "USD", BillingMode.Prepaid, null, "UTC")),
            new Command.TopUp("t1", "acme", Amount.TransferMax),
            Budget(new BudgetScope("acme")), Budget(new BudgetScope("acme", Team: "red")), Budget(new BudgetScope("acme", Key: "k1")),
        ])
        {
            _book.Apply(LedgerRules.Decide(_book, [command], Now));
        }

        _charges = [.. Enumerable.Range(1, Batch).Select(id => new Command.Charge(Usage(id, labels), Fact: true))];
        _holdsAndSettlements = [.. Enumerable.Range(1, Batch).SelectMany(id => (Command[])
        [
            new Command.PlaceHold(Id(id), labels, null, "operation", new Amount(1_000), TimeSpan.FromMinutes(1)),
            new Command.Settle(Usage(id, labels)),
        ])];
    }

    [Benchmark]
    public WriteSet Charges() => LedgerRules.Decide(_book, _charges, Now);

    [Benchmark]
    public WriteSet HoldsAndSettlements() => LedgerRules.Decide(_book, _holdsAndSettlements, Now);

    private static Command.SetBudget Budget(BudgetScope scope) =>
        new(new Budget(scope, WindowUnit.Month, Amount.TransferMax, Hard: true, "UTC", Core.Budgets.Budget.DefaultThresholds));

    private static AttemptId Id(int id) => new(new Guid(id, 0, 0, new byte[8]));

    private static PricedUsage Usage(int id, UsageLabels labels) =>
        new(new UsageRecord(
                Id(id), labels, "operation", 1, null, "01976c2e-0000-7000-8000-000000000000", null, null, Now, 5, 200, new(1_000, 0, 0, 50, 0),
                UsageBasis.Reported, UsageFlags.None),
            Price, new Amount(500), new Amount(600));
}
