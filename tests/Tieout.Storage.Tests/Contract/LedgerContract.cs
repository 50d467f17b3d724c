using FsCheck;
using FsCheck.Fluent;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Contract;

/// <summary>What every durable ledger promises, whatever it stores in. A store's own test class derives from this.</summary>
/// <remarks>Method: the same random history goes through the store and through the in-memory ledger; nothing may differ, after a restart neither.</remarks>
public abstract partial class LedgerContract : IAsyncLifetime
{
    /// <summary>How many random histories a law is tried on.</summary>
    private protected virtual int HistoriesTried => 25;

    /// <summary>The store takes seconds for what the file does in a part of one: tests of many steps take fewer.</summary>
    private protected bool IsSlow => HistoriesTried < 25;

    internal FakeClock Clock { get; } = new();

    /// <summary>Opens the ledger; with <paramref name="fresh"/>, one in which nothing ever was.</summary>
    internal abstract ILedger Open(bool fresh);

    /// <summary>The closed ledger that was opened last, recomputed from nothing, is right; but for M3, since histories charge what they like.</summary>
    internal abstract void AssertVerified();

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs a statement on the closed ledger that was opened last, as a bug or a hand would have.</summary>
    internal abstract void Tamper(string sql);

    [Fact]
    public void L3_L4_B2_a_history_through_the_store_is_the_history_in_memory() => ForAnyHistory(async (steps, memory) =>
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        foreach (var step in steps) await TakeAsync(ledger, memory, step);
        AssertSame(memory, ledger.Read);
    });

    // Every third step the ledger is closed and opened again, so every kind of command meets a book just loaded.
    [Fact]
    public void L4_L5_after_a_restart_everything_stands_as_before() => ForAnyHistory(async (steps, memory) =>
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var count = 0;
        foreach (var step in steps)
        {
            await TakeAsync(ledger, memory, step);
            if (++count % 3 != 0) continue;
            await ledger.DisposeAsync();
            ledger = Open(fresh: false);
            AssertSame(memory, ledger.Read);
        }

        await ledger.DisposeAsync();
        AssertVerified();
    });

    [Fact]
    public async Task L3_L6_a_replay_a_conflict_and_a_refusal_change_nothing()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.Charge(1, 40, at: Clock.Now), Cancel);
        var before = ledger.Health.Commit;

        Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(Make.Charge(1, 40, at: Clock.Now), Cancel));
        Assert.Equal(Refusal.IdReused, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Make.Charge(1, 41, at: Clock.Now), Cancel)).Reason);
        Assert.Equal(
            Refusal.InsufficientBalance, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Make.Charge(2, 1_000, at: Clock.Now), Cancel)).Reason);
        Assert.Equal(before, ledger.Health.Commit);
        Assert.Equal(260, ledger.Read.Balance("acme")!.Balance.Nanos);
    }

    // Goal: B1 and L2 when hundreds ask at once for what is enough for some. Method: 400 holds of 1, room for 150.
    [Fact]
    public async Task B1_L2_concurrent_holds_never_pass_a_hard_budget()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.Budget(150), Cancel);
        var lifetime = TimeSpan.FromHours(1);
        var outcomes = await Task.WhenAll(Enumerable.Range(1, 400).Select(id => Task.Run(async () =>
            await ledger.SubmitAsync(new Command.PlaceHold(Make.Id(id), Make.Labels(), null, $"op{id}", new Amount(1), lifetime), Cancel))));

        Assert.Equal(150, outcomes.Count(outcome => outcome is Outcome.Done));
        Assert.Equal(250, outcomes.Count(outcome => outcome is Outcome.Refused { Reason: Refusal.BudgetExhausted }));
        var standing = Assert.Single(ledger.Read.Budgets("acme", Clock.Now), budget => budget.Left is not null);
        Assert.Equal((0, 150, 0), (standing.Posted.Nanos, standing.Held.Nanos, standing.Left!.Value.Nanos));
        Assert.Equal(150, ledger.Read.OpenHolds("acme").Count);
    }

    // Goal: the pipeline. Many lists at once, so batches are decided while others commit; replays of one in the next.
    [Fact]
    public async Task L3_a_command_sent_twice_in_neighbouring_batches_counts_once()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.TopUp(1_000_000, "more"), Cancel);
        var lists = Enumerable.Range(0, 40).Select(list => Enumerable.Range(1, 200).Select(id => Make.Charge(list / 2 * 200 + id, 1, at: Clock.Now)).ToList());
        var outcomes = await Task.WhenAll(lists.Select(list => ledger.SubmitAsync(list, Cancel).AsTask()));

        Assert.Equal(4_000, outcomes.Sum(list => list.Count(outcome => outcome is Outcome.Done)));
        Assert.Equal(4_000, outcomes.Sum(list => list.Count(outcome => outcome is Outcome.Replayed)));
        Assert.Equal(1_000_300 - 4_000, ledger.Read.Balance("acme")!.Balance.Nanos);
    }

    // Goal: hold and settle of one attempt in batches that overlap, and the second settlement a replay.
    [Fact]
    public async Task L5_holds_end_once_across_overlapping_batches()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.TopUp(1_000_000, "more"), Cancel);
        var lifetime = TimeSpan.FromHours(1);
        var sent = new List<Task<IReadOnlyList<Outcome>>>();
        for (var list = 0; list < 10; list++)
        {
            var ids = Enumerable.Range(list * 300 + 1, 300).ToList();
            sent.Add(ledger.SubmitAsync(
                [.. ids.Select(id => (Command)new Command.PlaceHold(Make.Id(id), Make.Labels(), null, $"op{id}", new Amount(5), lifetime))], Cancel).AsTask());
            sent.Add(ledger.SubmitAsync([.. ids.Select(id => Make.Settle(id, 3, at: Clock.Now))], Cancel).AsTask());
            sent.Add(ledger.SubmitAsync([.. ids.Select(id => Make.Settle(id, 3, at: Clock.Now))], Cancel).AsTask());
        }

        var outcomes = await Task.WhenAll(sent);
        for (var list = 0; list < 10; list++)
        {
            Assert.All(outcomes[list * 3], outcome => Assert.IsType<Outcome.Done>(outcome));
            Assert.All(outcomes[list * 3 + 1], outcome => Assert.IsType<Outcome.Done>(outcome));
            Assert.All(outcomes[list * 3 + 2], outcome => Assert.IsType<Outcome.Replayed>(outcome));
        }

        var account = ledger.Read.Balance("acme")!;
        Assert.Equal((1_000_300 - 9_000, 0), (account.Balance.Nanos, account.Held.Nanos));
        Assert.Empty(ledger.Read.OpenHolds(null));
    }

    [Fact]
    public async Task Figures_rows_and_sums_are_one_story()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.Charge(1, 40, Make.Labels(team: "red"), at: Clock.Now), Cancel);
        await ledger.SubmitAsync(Make.Charge(2, 30, Make.Labels(team: "blue"), "u1", Clock.Now), Cancel);
        await ledger.SubmitAsync(Make.Charge(3, 7, Make.Labels("beta"), at: Clock.Now), Cancel);
        var posting = (await ToListAsync(ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, Cancel))).Last(
            row => row.Kind == PostingKind.Charge);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Correct("fix", "acme", posting.Seq, new Amount(10), "found"), Cancel));
        var (from, to) = (Clock.Now - TimeSpan.FromHours(1), Clock.Now + TimeSpan.FromHours(1));

        var usage = await ToListAsync(ledger.Read.UsageAsync(new("acme", from, to), Cancel));
        var totals = await ledger.Read.TotalsAsync("acme", from, to, Cancel);
        var charges = await ledger.Read.ChargesAsync("acme", from, to, Cancel);
        var cells = await ledger.Read.CellsAsync("acme", from, to, Cancel);
        Assert.Equal([40, 30], usage.Select(row => row.Charge.Nanos));
        Assert.Equal((50, 50, 4, 2), (totals.Postings.Nanos, totals.Usage.Nanos, totals.PostingCount, totals.UsageCount));
        Assert.Equal((50, -20, 2),
            (Amount.Sum(charges.Select(line => line.Charge)).Nanos, Amount.Sum(charges.Select(line => line.Corrections)).Nanos,
                charges.Sum(line => line.Attempts)));
        Assert.Equal((50, 2), (Amount.Sum(cells.Select(cell => cell.Sums.Charge)).Nanos, cells.Sum(cell => cell.Sums.Attempts)));
        Assert.Equal(50, ledger.Read.SpentToday("acme", Clock.Now).Nanos);
        Assert.Equal(250, ledger.Read.Balance("acme")!.Balance.Nanos);
        Assert.Equal(usage[1], Assert.Single(await ToListAsync(
            ledger.Read.UsageAsync(new UsageFilter("acme", from, to).Where("team", "blue").Where("user", "u1"), Cancel))));
    }

    // Goal: a correction is of its posting or of its usage by what its command says. Method: a client chooses an id that findings of postings have.
    [Fact]
    public async Task A_correction_of_usage_counts_as_usage_whatever_its_id_and_one_that_repairs_its_posting_does_not()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var (from, to) = (Clock.Now - TimeSpan.FromHours(1), Clock.Now + TimeSpan.FromHours(1));
        await ledger.SubmitAsync(Make.Charge(1, 40, at: Clock.Now), Cancel);
        var charge = (await PostingsAsync())[^1];
        var byHand = new Command.Correct("ledger_mismatch-by-hand", "acme", charge.Seq, new Amount(10), "agreed");
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(byHand, Cancel));
        Assert.Equal((10, 10), await TotalsAsync());

        var repair = new Command.Correct("fix", "acme", (await PostingsAsync())[^1].Seq, new Amount(25), "found") { IsPostingRepair = true };
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(repair, Cancel));
        Assert.Equal((25, 10), await TotalsAsync());
        Assert.Equal([false, false, true, true], (await PostingsAsync())[^4..].Select(posting => posting.IsPostingRepair));
        Assert.Equal(Refusal.IdReused, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(repair with { IsPostingRepair = false }, Cancel)).Reason);

        async Task<List<Posting>> PostingsAsync() => await ToListAsync(ledger.Read.PostingsAsync("acme", from, to, 0, Cancel));

        async Task<(Int128 Postings, Int128 Usage)> TotalsAsync()
        {
            var totals = await ledger.Read.TotalsAsync("acme", from, to, Cancel);
            return (totals.Postings.Nanos, totals.Usage.Nanos);
        }
    }

    // Goal: filters and pages are the query's. Method: findings of two orgs and two codes; each filter, then page by page.
    [Fact]
    public async Task Findings_are_read_by_org_and_code_newest_first_and_page_by_page()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        foreach (var (id, org) in new[] { (1, "acme"), (2, "beta"), (3, "acme") })
        {
            Clock.Now += TimeSpan.FromSeconds(1);
            await ledger.SubmitAsync(new Command.Charge(Make.Priced(id, 0, Make.Labels(org), at: Clock.Now) with { Price = null }, Fact: true), Cancel);
            Clock.Now += TimeSpan.FromSeconds(1);
            await ledger.SubmitAsync(Make.Charge(id + 10, 5_000_000, Make.Labels(org), at: Clock.Now, fact: true), Cancel);
        }

        Assert.Equal(
            ["acme overrun", "acme unpriced", "beta overrun", "beta unpriced", "acme overrun", "acme unpriced"], await FindAsync(org: null, code: null));
        Assert.Equal(["acme overrun", "acme unpriced", "acme overrun", "acme unpriced"], await FindAsync("acme", code: null));
        Assert.Equal(["acme unpriced", "beta unpriced", "acme unpriced"], await FindAsync(org: null, "unpriced"));
        Assert.Equal(["beta overrun"], await FindAsync("beta", "overrun"));
        Assert.Empty(await FindAsync("beta", "mispriced"));

        var paged = new List<string>();
        for (RowPlace? before = null; ;)
        {
            var page = await ledger.Read.FindingsAsync(new(Org: null, "overrun", before, 1), Cancel);
            if (page.Count == 0) break;
            paged.AddRange(page.Select(Shown));
            before = page[^1].Place;
        }

        Assert.Equal(["acme overrun", "beta overrun", "acme overrun"], paged);

        async Task<IEnumerable<string>> FindAsync(string? org, string? code) =>
            (await ledger.Read.FindingsAsync(new(org, code, Before: null, 10), Cancel)).Select(Shown);

        static string Shown(StoredFinding stored) => $"{stored.Row.Org} {stored.Row.Code}";
    }

    // Goal: no read of one org ever shows another's rows. Method: beta asks for everything that is acme's.
    [Fact]
    public async Task Nothing_of_one_org_is_read_for_another()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.Charge(1, 40, at: Clock.Now), Cancel);
        await ledger.SubmitAsync(new Command.PlaceHold(Make.Id(2), Make.Labels(), null, "op2", new Amount(5), TimeSpan.FromHours(1)), Cancel);
        await ledger.SubmitAsync(new Command.KeepObject(Make.Object("resp_1")), Cancel);
        var (from, to) = (Instant.UnixEpoch, new Instant(long.MaxValue));

        Assert.Empty(await ToListAsync(ledger.Read.UsageAsync(new("beta", from, to), Cancel)));
        Assert.Empty(await ToListAsync(ledger.Read.PostingsAsync("beta", from, to, 0, Cancel)));
        Assert.Empty(await ledger.Read.ChargesAsync("beta", from, to, Cancel));
        Assert.Empty(await ledger.Read.CellsAsync("beta", from, Clock.Now, Cancel));
        Assert.Empty(await ledger.Read.OperationAsync("beta", "op1", Cancel));
        Assert.Empty(await ledger.Read.HoldsAsync("beta", HoldState.Open, 10, Cancel));
        Assert.Empty(ledger.Read.OpenHolds("beta"));
        Assert.Null(await ledger.Read.AttemptAsync("beta", Make.Id(1), Cancel));
        Assert.Null(await ledger.Read.ObjectAsync("beta", ObjectKind.Response, "resp_1", Cancel));
        Assert.Empty(await ledger.Read.ObjectsAsync("beta", ObjectKind.Response, long.MaxValue, 10, Cancel));
        Assert.Single(await ledger.Read.OperationAsync("acme", "op1", Cancel));
        Assert.Equal(HoldState.Open, Assert.Single(await ledger.Read.HoldsAsync("acme", HoldState.Open, 10, Cancel)).State);
    }

    // Goal: what a provider keeps for an org is known for ever by org, kind and id, and is followed until it ends. Method: the same before and after a restart.
    [Fact]
    public async Task L3_an_object_counts_once_by_org_kind_and_id_also_after_a_restart()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var first = Make.Object("resp_1", attempt: Make.Id(7));
        Assert.Equal(1, Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.KeepObject(first), Cancel)).Seq);
        for (var open = 0; open < 2; open++)
        {
            var before = ledger.Health.Commit;
            Assert.Equal(1, Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(new Command.KeepObject(first), Cancel)).Seq);
            foreach (var other in (ProviderObject[])[first with { Body = "{}" }, first with { IsPending = false }, first with { Key = "other" },
                first with { Attempt = null }])
            {
                Assert.Equal(Refusal.IdReused, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(new Command.KeepObject(other), Cancel)).Reason);
            }

            Assert.Equal(before, ledger.Health.Commit);
            Assert.Equal(first, (await ledger.Read.ObjectAsync("acme", ObjectKind.Response, "resp_1", Cancel))!.Object);
            await ledger.DisposeAsync();
            ledger = Open(fresh: false);
        }

        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.KeepObject(first with { Kind = ObjectKind.Batch }), Cancel));
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.KeepObject(first with { Org = "beta" }), Cancel));
        await ledger.DisposeAsync();
        AssertVerified();
    }

    [Fact]
    public async Task An_object_is_pending_until_its_end_which_it_has_once()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var cancelled = new Command.EndObject("acme", ObjectKind.Response, "resp_2", "{\"status\":\"cancelled\"}");
        foreach (var id in (string[])["resp_1", "resp_2", "resp_3"]) await ledger.SubmitAsync(new Command.KeepObject(Make.Object(id)), Cancel);
        await ledger.SubmitAsync(new Command.KeepObject(Make.Object("resp_4", isPending: false)), Cancel);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(cancelled, Cancel));
        Assert.Equal(Refusal.ObjectNotFound, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(cancelled with { Id = "resp_9" }, Cancel)).Reason);

        for (var open = 0; open < 2; open++)
        {
            Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(cancelled, Cancel));
            Assert.Equal(Refusal.IdReused, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(cancelled with { Body = "{}" }, Cancel)).Reason);
            Assert.Equal(
                ["resp_1", "resp_3"], (await ledger.Read.PendingObjectsAsync(ObjectKind.Response, after: 0, limit: 10, Cancel)).Select(kept => kept.Object.Id));
            Assert.Equal(["resp_3"], (await ledger.Read.PendingObjectsAsync(ObjectKind.Response, after: 1, limit: 10, Cancel)).Select(kept => kept.Object.Id));
            Assert.Equal(["resp_3", "resp_2"],
                (await ledger.Read.ObjectsAsync("acme", ObjectKind.Response, before: 4, limit: 2, Cancel)).Select(kept => kept.Object.Id));
            Assert.Equal(cancelled.Body, (await ledger.Read.ObjectAsync("acme", ObjectKind.Response, "resp_2", Cancel))!.End!.Body);
            await ledger.DisposeAsync();
            ledger = Open(fresh: false);
        }

        await ledger.DisposeAsync();
        AssertVerified();
    }

    // Goal: objects go in the same commits as charges, by hundreds, and a replay in a neighbouring batch is one.
    [Fact]
    public async Task L3_objects_sent_twice_in_neighbouring_batches_count_once_among_charges()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.TopUp(1_000_000, "more"), Cancel);
        var lists = Enumerable.Range(0, 20).Select(list => Enumerable.Range(1, 200).SelectMany(id => (Command[])
            [Make.Charge(list / 2 * 200 + id, 1, at: Clock.Now), new Command.KeepObject(Make.Object($"resp_{list / 2 * 200 + id}"))]).ToList());
        var outcomes = await Task.WhenAll(lists.Select(list => ledger.SubmitAsync(list, Cancel).AsTask()));

        Assert.Equal(4_000, outcomes.Sum(list => list.Count(outcome => outcome is Outcome.Done)));
        Assert.Equal(4_000, outcomes.Sum(list => list.Count(outcome => outcome is Outcome.Replayed)));
        Assert.Equal(2_000, (await ledger.Read.ObjectsAsync("acme", ObjectKind.Response, long.MaxValue, 5_000, Cancel)).Count);
    }

    // Goal: the last link of an issuance is known after a restart, and however many append at once, each comes after one other.
    [Fact]
    public async Task A1_a_lineage_is_one_chain_also_after_a_restart_and_among_many()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        Command Hold(int id, LineageAppend step) =>
            new Command.PlaceHold(Make.Id(id), Make.Labels(), null, "op1", new Amount(1), TimeSpan.FromHours(1)) { Lineage = step };
        var first = Make.Step(previous: null);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Hold(1, first), Cancel));
        await ledger.DisposeAsync();
        ledger = Open(fresh: false);

        Assert.Equal(Refusal.LineageMoved, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Hold(2, first), Cancel)).Reason);
        Assert.Equal(
            Refusal.EnvelopeDiffers, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Hold(2, Make.Step(first.Row, token: "x")), Cancel)).Reason);
        var last = first.Row;
        for (var round = 0; round < 5; round++)
        {
            var asked = Enumerable.Range(0, 20).Select(i => (Id: 100 + round * 20 + i, Step: Make.Step(last, id: $"a{round}-{i}"))).ToList();
            var outcomes =
                await Task.WhenAll(asked.Select(one => Task.Run(async () => (one.Step, Outcome: await ledger.SubmitAsync(Hold(one.Id, one.Step), Cancel)))));
            last = Assert.Single(outcomes, one => one.Outcome is Outcome.Done).Step.Row;
        }

        var stored = await ledger.Read.LineageAsync("acme", "op1", Cancel);
        Assert.Equal([1, 2, 3, 4, 5, 6], stored.Select(entry => entry.Row.No));
        Assert.Null(Core.Attribution.Lineage.Check(Make.LineageKey, "i-1", "a.b.c", [.. stored.Select(entry => entry.Row)], last.Link));
        Assert.Empty(await ledger.Read.LineageAsync("beta", "op1", Cancel));
        await ledger.DisposeAsync();
        AssertVerified();
    }

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private protected static async Task<List<T>> ToListAsync<T>(IAsyncEnumerable<T> rows)
    {
        var list = new List<T>();
        await foreach (var row in rows) list.Add(row);
        return list;
    }

    /// <summary>The opening of <see cref="Histories.Begin"/>, through the store.</summary>
    internal static async Task BeginAsync(ILedger ledger)
    {
        foreach (var command in (Command[])[Make.OpenOrg("acme"), Make.OpenOrg("beta", Core.Tenancy.BillingMode.Postpaid, creditLine: 100),
            Make.TopUp(300, "start")])
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        }
    }

    private protected async Task TakeAsync(ILedger ledger, MemoryLedger memory, Histories.Step step)
    {
        memory.Now += TimeSpan.FromSeconds(step.Seconds + 1);
        Clock.Now = memory.Now;
        var command = step.Make(memory);
        Assert.Equal(memory.Submit(command), await ledger.SubmitAsync(command, Cancel));
    }

    internal static void AssertSame(MemoryLedger memory, ILedgerReader read)
    {
        Assert.Equal(memory.Book.Last.Commit, read.AsOf);
        foreach (var org in memory.Book.Orgs.Keys)
        {
            var (expected, actual) = (memory.Customer(org), read.Balance(org)!);
            Assert.Equal((expected.Debits, expected.Credits, expected.Held, expected.Version), (actual.Debits, actual.Credits, actual.Held, actual.Version));
            Assert.Equal(expected.Grants.AsEnumerable(), actual.Grants);
            foreach (var standing in read.Budgets(org, memory.Now))
            {
                var window = memory.Book.Window(new WindowKey(standing.State.No, standing.Period.Start, standing.Each));
                Assert.Equal((window?.Posted ?? Amount.Zero, window?.Held ?? Amount.Zero), (standing.Posted, standing.Held));
            }
        }

        Assert.Equal(
            memory.Book.Attempts.Values.Where(attempt => attempt.State == HoldState.Open).Select(attempt => attempt.Hold!.Id).Order(),
            read.OpenHolds(null).Select(hold => hold.Id).Order());
    }

    private void ForAnyHistory(Func<List<Histories.Step>, MemoryLedger, Task> holds) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(HistoriesTried).WithEndSize(90), Prop.ForAll(Histories.Any, steps =>
    {
        var memory = Histories.Begin();
        Clock.Now = memory.Now;
        // FsCheck's runner is synchronous; nothing here depends on a synchronisation context.
        Task.Run(() => holds(steps, memory)).GetAwaiter().GetResult();
        return true;
    }));
}
