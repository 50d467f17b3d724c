using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Reconciliation;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Extreme amounts and counts: whatever is accepted can be decided, stored, summed, loaded again, reported and verified.</summary>
public abstract partial class LedgerContract
{
    private static readonly long MaxNanos = (long)Amount.TransferMax.Nanos;

    // A commit above 9.2 billion made sums over it fail for ever.
    [Fact]
    public async Task L4_sums_above_64_bits_are_stored_reported_and_verified()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.Budget(MaxNanos, hard: false), Cancel);
        var sum = Amount.Zero;
        for (var open = 0; open < 2; open++)
        {
            // What is stored is wide after the first round, so that the next one adds to what is wide.
            for (var round = 0; round < 2; round++)
            {
                for (var i = 1; i <= 3; i++, sum += Amount.TransferMax)
                {
                    Assert.IsType<Outcome.Done>(
                        await ledger.SubmitAsync(Make.Charge((open * 100) + (round * 10) + i, MaxNanos, at: Clock.Now, fact: true), Cancel));
                }

                await AssertReportedAsync(ledger, sum);
            }

            await ledger.DisposeAsync();
            AssertVerified();
            ledger = Open(fresh: false);
        }

        await ledger.DisposeAsync();
    }

    private async Task AssertReportedAsync(ILedger ledger, Amount sum)
    {
        var (from, to) = (Clock.Now - TimeSpan.FromHours(1), Clock.Now + TimeSpan.FromHours(1));
        Assert.Equal(sum, ledger.Read.SpentToday("acme", Clock.Now));
        Assert.Equal(new Amount(300) - sum, ledger.Read.Balance("acme")!.Balance);
        var totals = await ledger.Read.TotalsAsync("acme", from, to, Cancel);
        Assert.Equal((sum, sum), (totals.Postings, totals.Usage));
        Assert.Equal(sum, Amount.Sum((await ledger.Read.ChargesAsync("acme", from, to, Cancel)).Select(line => line.Charge)));
        Assert.Equal(sum, Amount.Sum((await ledger.Read.CellsAsync("acme", from, to, Cancel)).Select(cell => cell.Sums.Charge)));
        foreach (var figure in (TallyFigure[])[TallyFigure.Charge, TallyFigure.ProviderCost])
        {
            var range = new TieRange(ledger.Read.Org("acme")!, from, to, DayZone: null);
            var lines = await ledger.Read.TieTotalsAsync(range, figure, Cancel);
            var parts = await ledger.Read.TiePartsAsync(range, lines.Select(line => line.Labels).ToHashSet(), new(figure), Cancel);
            Assert.Equal((sum, sum), (Amount.Sum(lines.Select(tally => tally.Tally.Total)), Amount.Sum(parts.Select(tally => tally.Tally.Total))));
        }

        Assert.DoesNotContain((await ledger.Read.ReconcileAsync(new(Core.Reconciliation.SelfCheck.Instances.None, RuntimeDue: null, Clock.Now),
            Cancel)).Findings, finding => finding.Code.Name.EndsWith("drift", StringComparison.Ordinal));
    }

    // 923 ingests of 10^12 tokens overflowed an hourly cell, and every start after it.
    [Fact]
    public async Task Counts_above_64_bits_in_one_hour_are_stored_and_verified()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        Command.Settle Settle(int id) =>
            new(Make.Priced(
                id, 0) with
            { Usage = Make.Priced(id, 0).Usage with { Counts = new(long.MaxValue, 0, 0, long.MaxValue, 0), Basis = UsageBasis.Failed } });

        for (var open = 0; open < 2; open++)
        {
            // Only a settlement is never asked how much it counts, because the provider has been spent on.
            for (var i = open * 2 + 1; i <= open * 2 + 2; i++)
            {
                Assert.IsType<Outcome.Done>(
                    await ledger.SubmitAsync(new Command.PlaceHold(Make.Id(i), Make.Labels(), null, $"op{i}", new Amount(1), TimeSpan.FromMinutes(1)), Cancel));
                Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Settle(i), Cancel));
            }

            var cells = await ledger.Read.CellsAsync("acme", Clock.Now - TimeSpan.FromHours(1), Clock.Now + TimeSpan.FromHours(1), Cancel);
            Assert.Equal((Int128)long.MaxValue * 2 * (open + 1), Assert.Single(cells).Sums.InputTokens);
            await ledger.DisposeAsync();
            AssertVerified();
            ledger = Open(fresh: false);
        }

        await ledger.DisposeAsync();
    }

    [Fact]
    public async Task A_charge_that_counts_more_than_one_record_may_is_refused_and_changes_nothing()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var (before, charge) = (ledger.Read.AsOf, Make.Priced(1, 0, at: Clock.Now));
        foreach (var counts in (UsageCounts[])[new(1_000_000_000_000, 0, 0, 0, 0), new(0, 0, 0, UsageUnits.OutputTokens.Max + 1, 0),
            new(0, 0, 0, 0, 0, "{\"web_searches\":1000001}")])
        {
            var command = new Command.Charge(charge with { Usage = charge.Usage with { Counts = counts } }, Fact: true);
            Assert.Equal(Refusal.CountTooLarge, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(command, Cancel)).Reason);
        }

        Assert.Equal(before, ledger.Read.AsOf);
    }

    [Fact]
    public void Whatever_extreme_commands_come_the_ledger_decides_stores_reports_and_verifies_them() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(5).WithEndSize(40),
        Prop.ForAll(ExtremeCommands.ListOf().ToArbitrary(), commands =>
        {
            TakeExtremesAsync([.. commands]).GetAwaiter().GetResult();
            return true;
        }));

    private async Task TakeExtremesAsync(List<Func<int, Command>> commands)
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.Budget(MaxNanos, hard: false), Cancel);
        var batch = commands.Select((make, i) => make(i + 1)).ToList();
        foreach (var outcome in await ledger.SubmitAsync(batch, Cancel)) Assert.NotEqual(Refusal.CommandQuarantined, (outcome as Outcome.Refused)?.Reason);
        foreach (var command in batch) await ledger.SubmitAsync(command, Cancel);
        for (var open = 0; open < 2; open++)
        {
            var (from, to) = (Clock.Now - TimeSpan.FromDays(1), Clock.Now + TimeSpan.FromDays(1));
            foreach (var org in (string[])["acme", "beta"])
            {
                var totals = await ledger.Read.TotalsAsync(org, from, to, Cancel);
                Assert.Equal(totals.Postings, Amount.Sum((await ledger.Read.CellsAsync(org, from, to, Cancel)).Select(cell => cell.Sums.Charge)));
                await ledger.Read.TieTotalsAsync(new(ledger.Read.Org(org)!, from, to, TimeZoneInfo.Utc), TallyFigure.Charge, Cancel);
            }

            await ledger.DisposeAsync();
            AssertVerified();
            ledger = Open(fresh: false);
        }

        await ledger.DisposeAsync();
    }

    private static Gen<Int128> ExtremeNanos { get; } = Gen.OneOf(
        Gen.Elements<Int128>(0, 1, -1, MaxNanos, MaxNanos - 1, (Int128)MaxNanos + 1, long.MaxValue, long.MinValue, Int128.MaxValue, Int128.MinValue,
            Amount.SumMax.Nanos, Amount.SumMax.Nanos + 1),
        Gen.Choose(0, int.MaxValue).Select(nanos => (Int128)nanos));

    private static Gen<long> ExtremeCount { get; } = Gen.Elements(
        0, 1, UsageUnits.InputTokens.Max, UsageUnits.InputTokens.Max + 1, 1_000_000_000_000, long.MaxValue);

    private Gen<Func<int, Command>> ExtremeCommands => Gen.OneOf(MoneyIn, HoldsAndSettlements, Charges, Corrections);

    private static Gen<Func<int, Command>> MoneyIn =>
        from nanos in ExtremeNanos
        from priority in Gen.Elements(int.MinValue, 0, int.MaxValue)
        from isGrant in Gen.Elements(true, false)
        select (Func<int, Command>)(i => isGrant ? new Command.Grant($"g{i}", "acme", new(nanos), priority, null) : Make.TopUp(nanos, $"t{i}", "beta"));

    private static Gen<Func<int, Command>> HoldsAndSettlements =>
        from nanos in ExtremeNanos
        from count in ExtremeCount
        from back in Gen.Choose(0, 3)
        select (Func<int, Command>)(i => back == 0
            ? new Command.PlaceHold(Make.Id(i), Make.Labels(), null, $"op{i}", new(nanos), TimeSpan.FromMinutes(1))
            : new Command.Settle(Counting(Make.Priced(Math.Max(1, i - back), nanos), count)));

    private Gen<Func<int, Command>> Charges =>
        from nanos in ExtremeNanos
        from count in ExtremeCount
        from isFact in Gen.Elements(true, false)
        from org in Gen.Elements("acme", "beta")
        select (Func<int, Command>)(i => new Command.Charge(Counting(Make.Priced(1_000 + i, nanos, Make.Labels(org), at: Clock.Now), count), isFact));

    private static Gen<Func<int, Command>> Corrections =>
        from nanos in ExtremeNanos
        from posting in Gen.Elements(1L, 2, 3, 5, long.MaxValue, long.MinValue)
        select (Func<int, Command>)(i => new Command.Correct($"c{i}", "acme", posting, new(nanos), "because"));

    private static PricedUsage Counting(PricedUsage priced, long count) => priced with { Usage = priced.Usage with { Counts = new(count, 0, 0, count, 0) } };
}
