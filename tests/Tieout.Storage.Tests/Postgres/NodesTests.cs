using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>Several nodes on one database are one ledger.</summary>
public sealed class NodesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Instant Now => Instant.From(DateTimeOffset.UtcNow);

    // Goal: B1 and L2 to the nano-unit, whichever node is asked. Method: 10,000 holds of 1 on two nodes at once, room for 1,500, in the same budget of the same
    // org.
    [Fact]
    public async Task B1_L2_two_nodes_together_never_pass_a_hard_budget()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var left = await PostgresLedger.OpenAsync(store);
        await using var right = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000), Make.Budget(1_500)])
        {
            Assert.IsType<Outcome.Done>(await left.SubmitAsync(command, Cancel));
        }

        var lifetime = TimeSpan.FromHours(1);
        var outcomes = await Task.WhenAll(Enumerable.Range(1, 10_000).Select(id => Task.Run(async () =>
            await (id % 2 == 0 ? left : right).SubmitAsync(new Command.PlaceHold(Make.Id(id), Make.Labels(), null, $"op{id}", new(1), lifetime), Cancel))));

        Assert.Equal(1_500, outcomes.Count(outcome => outcome is Outcome.Done));
        Assert.Equal(8_500, outcomes.Count(outcome => outcome is Outcome.Refused { Reason: Refusal.BudgetExhausted }));
        foreach (var node in (PostgresLedger[])[left, right])
        {
            var standing = Assert.Single(node.Read.Budgets("acme", Now), budget => budget.Left is not null);
            Assert.Equal((0, 1_500, 0), (standing.Posted.Nanos, standing.Held.Nanos, standing.Left!.Value.Nanos));
            Assert.Equal(1_500, node.Read.OpenHolds("acme").Count);
            Assert.Equal(0, node.Contradictions);
        }

        PostgresVerified.Clean(store);
    }

    // Goal: what one node did, the other knows: ids, holds, money, corrections. Method: each step on the other node.
    [Fact]
    public async Task L3_L5_what_one_node_did_the_other_goes_on_with()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var left = await PostgresLedger.OpenAsync(store);
        await using var right = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Budget(500)])
        {
            Assert.IsType<Outcome.Done>(await left.SubmitAsync(command, Cancel));
        }

        Assert.IsType<Outcome.Replayed>(await right.SubmitAsync(Make.TopUp(1_000), Cancel));
        Assert.Equal(Refusal.IdReused, Assert.IsType<Outcome.Refused>(await right.SubmitAsync(Make.TopUp(2_000), Cancel)).Reason);
        var at = Now;
        foreach (var id in (int[])[1, 2, 3])
        {
            Assert.IsType<Outcome.Done>(
                await right.SubmitAsync(new Command.PlaceHold(Make.Id(id), Make.Labels(), null, $"op{id}", new(50), TimeSpan.FromHours(1)), Cancel));
        }

        Assert.IsType<Outcome.Done>(await left.SubmitAsync(Make.Settle(1, 40, at: at), Cancel));
        Assert.IsType<Outcome.Replayed>(await right.SubmitAsync(Make.Settle(1, 40, at: at), Cancel));
        Assert.IsType<Outcome.Done>(await left.SubmitAsync(new Command.Release(Make.Id(2)), Cancel));
        Assert.IsType<Outcome.Replayed>(await right.SubmitAsync(new Command.Release(Make.Id(2)), Cancel));
        Assert.Equal(Refusal.HoldEnded, Assert.IsType<Outcome.Refused>(await right.SubmitAsync(new Command.ExpireHold(Make.Id(2)), Cancel)).Reason);
        var charge = Assert.IsType<Outcome.Done>(await right.SubmitAsync(Make.Charge(4, 70, at: at), Cancel));
        Assert.IsType<Outcome.Done>(await left.SubmitAsync(new Command.Correct("fix", "acme", charge.Seq, new(60), "found"), Cancel));
        Assert.IsType<Outcome.Replayed>(await right.SubmitAsync(new Command.Correct("fix", "acme", charge.Seq, new(60), "found"), Cancel));
        foreach (var node in (PostgresLedger[])[left, right])
        {
            var account = node.Read.Balance("acme")!;
            Assert.Equal((900, 50), (account.Balance.Nanos, account.Held.Nanos));
            Assert.Equal(100, node.Read.SpentToday("acme", Now).Nanos);
            Assert.Equal(0, node.Contradictions);
        }

        PostgresVerified.Clean(store);
    }

    [Fact]
    public async Task A_setting_is_known_on_every_node_within_a_second()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var left = await PostgresLedger.OpenAsync(store);
        await using var right = await PostgresLedger.OpenAsync(store);
        var before = right.Read.SettingsVersion;
        foreach (var command in (Command[])[Make.OpenOrg(), new Command.Record(SettingKind.PriceList, "", "list", "{}", Once: false)])
        {
            await left.SubmitAsync(command, Cancel);
        }

        for (var waited = 0; waited < 100 && right.Read.SettingsVersion < before + 2; waited++) await Task.Delay(10, Cancel);
        Assert.NotNull(right.Read.Org("acme"));
        Assert.Contains(right.Read.Settings, row => row is { Kind: SettingKind.PriceList, Name: "list" });
    }

    // Goal: nodes that start at once on an empty database lay it out once.
    [Fact]
    public async Task Eight_nodes_may_start_at_once_on_an_empty_database()
    {
        var store = PostgresServer.Instance.NewStore();
        var nodes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => PostgresLedger.OpenAsync(store), Cancel)));
        Assert.IsType<Outcome.Done>(await nodes[3].SubmitAsync(Make.OpenOrg(), Cancel));
        Assert.All(await Task.WhenAll(nodes.Select(node => node.SubmitAsync(Make.OpenOrg(), Cancel).AsTask())),
            outcome => Assert.IsType<Outcome.Replayed>(outcome));
        foreach (var node in nodes) await node.DisposeAsync();
    }

    // Goal: what one node is enough for is done by one, and by another once that one is gone.
    [Fact]
    public async Task One_node_does_what_is_done_once_and_another_takes_over()
    {
        var store = PostgresServer.Instance.NewStore();
        var nodes = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => PostgresLedger.OpenAsync(store), Cancel)));
        var first = await FirstOf(nodes);
        await first.DisposeAsync();
        var next = await FirstOf(nodes.Where(node => node != first).ToArray());
        Assert.NotSame(first, next);
        foreach (var node in nodes.Where(node => node != first)) await node.DisposeAsync();

        static async Task<PostgresLedger> FirstOf(PostgresLedger[] nodes)
        {
            for (var waited = 0; ; waited++)
            {
                if (nodes.Where(node => node.IsLeader).ToList() is [var only] && waited > 20) return only;
                Assert.True(waited < 100, "Not one node does it.");
                await Task.Delay(100, Cancel);
            }
        }
    }

    // Goal: a database that was put back to an earlier state is not believed to be the one known. Method: a commit is taken out behind the node's back, as a
    // restore does, and another put in its place by another node.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task L4_a_node_reads_its_book_anew_when_the_chain_is_another_one(int commitsMore)
    {
        var store = PostgresServer.Instance.NewStore();
        var database = new Uri(store).AbsolutePath[1..];
        await using (var opening = await PostgresLedger.OpenAsync(store))
        {
            foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000)]) Assert.IsType<Outcome.Done>(await opening.SubmitAsync(command, Cancel));
        }

        Backup(database);
        await using (var node = await PostgresLedger.OpenAsync(store))
        {
            Assert.IsType<Outcome.Done>(
                await node.SubmitAsync(new Command.PlaceHold(Make.Id(1), Make.Labels(), null, "lost", new(5), TimeSpan.FromHours(1)), Cancel));
            PutBack(database);
            await using (var other = await PostgresLedger.OpenAsync(store))
            {
                for (var more = 1; more <= commitsMore; more++) Assert.IsType<Outcome.Done>(await other.SubmitAsync(Make.TopUp(7, $"new{more}"), Cancel));
            }

            Assert.IsType<Outcome.Done>(await node.SubmitAsync(Make.TopUp(1, "after"), Cancel));
            Assert.Equal(1_001 + 7 * commitsMore, node.Read.Balance("acme")!.Balance.Nanos);
            Assert.Empty(node.Read.OpenHolds("acme"));
        }

        PostgresVerified.Clean(store);
    }

    // Goal: a hold that a restore makes open again is found by the next start. Method: the node has seen it and a thousand later ones end, and says in each
    // commit where open holds begin.
    [Fact]
    public async Task L5_a_hold_that_is_open_again_after_a_restore_is_not_passed_over()
    {
        const int later = 1_000;
        var store = PostgresServer.Instance.NewStore();
        var database = new Uri(store).AbsolutePath[1..];
        await using (var opening = await PostgresLedger.OpenAsync(store))
        {
            foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000), Hold(1)])
            {
                Assert.IsType<Outcome.Done>(await opening.SubmitAsync(command, Cancel));
            }
        }

        Backup(database);
        await using (var node = await PostgresLedger.OpenAsync(store))
        {
            foreach (var list in (IEnumerable<Command>[])[Enumerable.Range(2, later).Select(Hold),
                Enumerable.Range(1, later + 1).Select(id => new Command.Release(Make.Id(id))), [Make.TopUp(1, "looks")]])
            {
                Assert.All(await node.SubmitAsync([.. list], Cancel), outcome => Assert.IsType<Outcome.Done>(outcome));
            }

            PutBack(database);
            Assert.IsType<Outcome.Done>(await node.SubmitAsync(Make.TopUp(1, "after"), Cancel));
        }

        PostgresVerified.Clean(store);
        await using var next = await PostgresLedger.OpenAsync(store);
        Assert.Equal(Make.Id(1), Assert.Single(next.Read.OpenHolds("acme")).Id);

        static Command Hold(int id) => new Command.PlaceHold(Make.Id(id), Make.Labels(), null, $"op{id}", new(5), TimeSpan.FromHours(1));
    }

    // Text that PostgreSQL cannot keep must not fail the batch it is in.
    [Fact]
    public async Task Text_that_cannot_be_stored_is_refused_by_itself()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var ledger = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000)]) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        var at = Now;
        var outcomes = await ledger.SubmitAsync([Make.Charge(1, 5, at: at), Make.Charge(2, 5, user: "a\0b", at: at), Make.Charge(3, 5, user: "\ud83d", at: at),
            Make.Charge(4, 5, user: "\ud83d\ude00", at: at)], Cancel);
        Assert.Equal(
            [typeof(Outcome.Done), typeof(Outcome.Refused), typeof(Outcome.Refused), typeof(Outcome.Done)], outcomes.Select(outcome => outcome.GetType()));
        Assert.Equal(990, ledger.Read.Balance("acme")!.Balance.Nanos);
    }

    // Goal: clocks that differ by minutes change no figure and turn no chain back. Method: two nodes take turns, one clock four minutes behind the other's.
    [Fact]
    public async Task L4_B2_clocks_of_nodes_may_differ_by_minutes()
    {
        var store = PostgresServer.Instance.NewDatabase();
        var (early, late) = (new FakeClock(), new FakeClock());
        late.Now = early.Now + TimeSpan.FromMinutes(4);
        await using var left = await PostgresLedger.OpenAsync(store, buckets: 64, Writing.LedgerWriter.BatchMax, early);
        await using var right = await PostgresLedger.OpenAsync(store, buckets: 64, Writing.LedgerWriter.BatchMax, late);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Budget(100, window: Core.Budgets.WindowUnit.Minute, hard: false)])
        {
            await right.SubmitAsync(command, Cancel);
        }

        for (var id = 1; id <= 20; id++)
        {
            var (node, clock) = id % 2 == 0 ? (left, early) : (right, late);
            Assert.IsType<Outcome.Done>(await node.SubmitAsync(Make.Charge(id, 10, at: clock.Now), Cancel));
            Assert.IsType<Outcome.Done>(
                await node.SubmitAsync(new Command.PlaceHold(Make.Id(100 + id), Make.Labels(), null, $"op{id}", new(1), TimeSpan.FromSeconds(10)), Cancel));
            (early.Now, late.Now) = (early.Now + TimeSpan.FromSeconds(7), late.Now + TimeSpan.FromSeconds(7));
        }

        Assert.Equal(800, left.Read.Balance("acme")!.Balance.Nanos);
        Assert.Equal("0", PostgresServer.Instance.Sql(
            new Uri(store).AbsolutePath[1..],
            "SELECT count(*) FROM chain a JOIN chain b ON b.bucket = a.bucket AND b.commit_no = a.commit_no + 1 WHERE b.recorded_at < a.recorded_at"));
        PostgresVerified.Clean(store);
    }

    // Goal: a commit that no answer came to is found, not done again and not given up. Method: the line is cut when the database has committed and its answer
    // is on the way; each command must be told that it was carried out, now, and not that it stood already.
    [Fact]
    public async Task L3_a_commit_that_no_answer_came_to_is_looked_for_in_the_chain()
    {
        var store = PostgresServer.Instance.NewStore();
        using var proxy = new CuttingProxy(PostgresServer.Instance.Port);
        await using var ledger = await PostgresLedger.OpenAsync(new UriBuilder(store) { Port = proxy.Port }.Uri.ToString());
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000)]) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        var at = Now;
        for (var id = 1; id <= 10; id++)
        {
            proxy.Cuts = 1;
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Charge(id, 10, at: at), Cancel));
            Assert.True(proxy.Cuts <= 0, "The line was not cut.");
        }

        // Of a node that has just started: the other may still be finding out that its line was cut.
        await using var reader = await PostgresLedger.OpenAsync(store);
        Assert.Equal(900, reader.Read.Balance("acme")!.Balance.Nanos);
        PostgresVerified.Clean(store);
    }

    private static void Backup(string database) => PostgresServer.Instance.Sql("postgres", $"CREATE DATABASE {database}_backup TEMPLATE {database}");

    /// <summary>What stands where the database was is as it was at its backup. Whoever was connected is no longer.</summary>
    private static void PutBack(string database)
    {
        PostgresServer.Instance.Sql("postgres", $"""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}';
            ALTER DATABASE {database} RENAME TO {database}_old;
            """);
        PostgresServer.Instance.Sql("postgres", $"ALTER DATABASE {database}_backup RENAME TO {database}");
    }
}
