using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Contract;

public abstract partial class LedgerContract
{
    // Goal: whatever a correlation id looks like, and whenever its usage came, all of it is found, of its own org only.
    [Fact]
    public async Task Usage_is_found_by_its_correlation_id_whatever_that_is_and_whenever_it_came()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.OpenOrg("beta", Core.Tenancy.BillingMode.Postpaid), Cancel);
        var at = new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero);
        var made = Guid.CreateVersion7(at).ToString();
        (string Org, Guid Id, string Correlation)[] all =
        [
            ("acme", Guid.CreateVersion7(at), made), ("acme", Guid.CreateVersion7(at.AddHours(3)), made), ("beta", Guid.CreateVersion7(at), made),
            ("acme", Guid.CreateVersion7(at), made.ToUpperInvariant()), ("acme", Guid.CreateVersion7(at), "batch 7"),
            ("acme", Guid.CreateVersion7(at.AddDays(1)), "batch 7"),
            ("acme", Guid.CreateVersion7(at), "x"),
        ];
        foreach (var (org, id, correlation) in all)
        {
            var priced = Make.Priced(0, 1, Make.Labels(org), at: Clock.Now);
            var usage = priced.Usage with { Id = new(id), OperationId = $"op-{id}", CorrelationId = correlation };
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Charge(priced with { Usage = usage }, Fact: true), Cancel));
        }

        foreach (var group in all.GroupBy(row => (row.Org, row.Correlation)))
        {
            var found = await ledger.Read.CorrelatedAsync(group.Key.Org, group.Key.Correlation, 10, Cancel);
            Assert.Equal(group.Select(row => row.Id), found.Select(row => row.Usage.Id.Value));
        }

        Assert.Single(await ledger.Read.CorrelatedAsync("acme", made, 1, Cancel));
        Assert.Empty(await ledger.Read.CorrelatedAsync("beta", "batch 7", 10, Cancel));
        Assert.Empty(await ledger.Read.CorrelatedAsync("acme", made[..11], 10, Cancel));
    }

    [Fact]
    public async Task M3_a_price_is_read_by_the_number_that_a_record_names()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.Charge(1, 40, at: Clock.Now), Cancel);
        var row = (await ledger.Read.AttemptAsync("acme", Make.Id(1), Cancel))!.Usage!;
        Assert.Equal(Make.Price, await ledger.Read.PriceAsync("acme", row.Price, Cancel));
        Assert.Null(await ledger.Read.PriceAsync("acme", row.Price + 1, Cancel));
        Assert.Null(await ledger.Read.PriceAsync("nobody", row.Price, Cancel));
    }

    [Fact]
    public async Task L7_L8_the_records_of_an_attempt_are_its_hold_its_end_its_charge_and_every_correction_with_their_commits()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.Budget(100), Cancel);
        await ledger.SubmitAsync(new Command.PlaceHold(Make.Id(1), Make.Labels(), null, "op1", new Amount(70), TimeSpan.FromMinutes(1)), Cancel);
        await ledger.SubmitAsync([Make.Settle(1, 60, at: Clock.Now), Make.Charge(2, 1, at: Clock.Now)], Cancel);
        var charge = (await ToListAsync(ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, Cancel))).First(
            posting => posting.Amount.Nanos == 60);
        await ledger.SubmitAsync(new Command.Correct("fix1", "acme", charge.Seq, new Amount(50), "finding a"), Cancel);
        var again = (await ToListAsync(ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, Cancel))).Single(
            posting => posting.Amount.Nanos == 50);
        await ledger.SubmitAsync(new Command.Correct("fix2", "acme", again.Seq, null, "finding b"), Cancel);

        var attempt = (await ledger.Read.AttemptAsync("acme", Make.Id(1), Cancel))!;
        var records = await ledger.Read.RecordsAsync("acme", attempt, Cancel);
        Assert.Equal(HoldState.Settled, records.Ended!.State);
        Assert.Equal(
            [(PostingKind.Charge, 60L), (PostingKind.Reversal, 60), (PostingKind.ReEntry, 50), (PostingKind.Reversal, 50)],
            records.Postings.Select(posting => (posting.Row.Kind, posting.Row.Amount.Nanos)));
        foreach (var posting in records.Postings)
        {
            Assert.Equal((await ledger.Read.CommitOfAsync("acme", posting.Row.Seq, Cancel)).Commit, posting.Commit.Commit);
        }

        Assert.Equal([records.Held!.Commit + 1, records.Used!.Commit], [records.Used.Commit, records.Ended.Commit.Commit]);
        Assert.Contains(records.Outbox, message => message.Commit.Commit == records.Used.Commit && message.Row.Body.Contains("50", StringComparison.Ordinal));
        Assert.All(records.Outbox, message => Assert.Equal("acme", message.Row.Org));

        // Of the other charge in the same commit nothing is among them.
        var other = await ledger.Read.RecordsAsync("acme", (await ledger.Read.AttemptAsync("acme", Make.Id(2), Cancel))!, Cancel);
        Assert.Null(other.Held);
        Assert.Equal(1, Assert.Single(other.Postings).Row.Amount.Nanos);
    }

    [Fact]
    public void B2_windows_counted_anew_are_the_windows_that_stand() => ForAnyHistory(async (steps, memory) =>
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        foreach (var step in steps) await TakeAsync(ledger, memory, step);
        foreach (var org in memory.Book.Orgs.Keys)
        {
            var counted = (await ledger.Read.RecountAsync(org, ledger.Read.BudgetStates(org), memory.Now, Cancel)).ToDictionary(
                window => window.Key, window => window.Posted);
            foreach (var window in ledger.Read.Budgets(org, memory.Now))
            {
                Assert.Equal(window.Posted, counted.GetValueOrDefault(new(window.State.No, window.Period.Start, window.Each)));
            }
        }
    });

    [Fact]
    public async Task Attempts_are_counted_by_labels_and_status()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.OpenOrg("beta", Core.Tenancy.BillingMode.Postpaid), Cancel);
        foreach (var (id, org, status) in new[] { (1, "acme", 200), (2, "acme", 500), (3, "acme", 500), (4, "beta", 500) })
        {
            var priced = Make.Priced(id, 1, Make.Labels(org), at: Clock.Now);
            await ledger.SubmitAsync(new Command.Charge(priced with { Usage = priced.Usage with { StatusCode = status } }, Fact: true), Cancel);
        }

        var all = await ledger.Read.StatusesAsync(null, Clock.Now - TimeSpan.FromHours(1), Clock.Now + TimeSpan.FromHours(1), Cancel);
        Assert.Equal([("acme", 200, 1L), ("acme", 500, 2), ("beta", 500, 1)], all.Select(line => (line.Labels.Org, line.Status, line.Attempts)).Order());
        Assert.Single(await ledger.Read.StatusesAsync("beta", Clock.Now - TimeSpan.FromHours(1), Clock.Now + TimeSpan.FromHours(1), Cancel));
        Assert.Empty(await ledger.Read.StatusesAsync(null, Clock.Now + TimeSpan.FromHours(1), Clock.Now + TimeSpan.FromHours(2), Cancel));
    }
}
