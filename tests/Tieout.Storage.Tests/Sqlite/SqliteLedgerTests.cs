using FsCheck;
using FsCheck.Fluent;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Sqlite;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>What is the embedded ledger's own: its file, its lock, its disk, its memory.</summary>
public sealed class SqliteLedgerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_second_writer_on_a_folder_is_refused_and_told_who_has_it()
    {
        await using (SqliteLedger.Open(_folder.Path))
        {
            var refused = Assert.Throws<DataFolderInUseException>(() => SqliteLedger.Open(_folder.Path));
            Assert.Contains(_folder.Path, refused.Message, StringComparison.Ordinal);
            Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        }

        await using var free = SqliteLedger.Open(_folder.Path);
        Assert.True(free.Health.IsWritable);
    }

    // Goal: what a start replays. Method: the files are copied while the ledger is open, as a crash would leave them (all that is
    // durable, nothing flushed), and the copy is opened: it must stand exactly where the ledger stands, down to the chain's hash.
    [Fact]
    public void L4_L5_B2_what_a_crash_leaves_is_rebuilt_exactly() =>
    Check.One(Config.QuickThrowOnFailure.WithMaxTest(15).WithEndSize(90), Prop.ForAll(Histories.Any, steps =>
    {
        Task.Run(() => CrashAgainAndAgainAsync(steps)).GetAwaiter().GetResult();
        return true;
    }));

    // Goal: a full disk loses nothing, is said plainly, and is over when it is over. Method: the file may not grow for a while; a list is
    // a batch, so that some fail in flight with the next decided on top of them.
    [Fact]
    public async Task S1_a_full_disk_refuses_loses_nothing_and_recovers_by_itself()
    {
        await using var ledger = SqliteLedger.Open(_folder.Path, batchMax: 300, _clock);
        await ledger.SubmitAsync(Make.OpenOrg(), Cancel);
        await ledger.SubmitAsync(Make.TopUp(1_000_000), Cancel);
        await SendAsync(ledger, from: 1, lists: 2);
        var before = (ledger.Read.AsOf, ledger.Read.Balance("acme")!.Balance);

        var pages = ledger.Store.Writes.ReadInt64("PRAGMA page_count");
        ledger.Store.Writes.Execute($"PRAGMA max_page_count = {pages + 2}");
        var failures = await SendAsync(ledger, from: 100_001, lists: 12);
        Assert.All(failures,
            failure => Assert.Equal(
                (StoreFault.Full, StoreEffect.None), (Assert.IsType<StoreUnavailableException>(failure).Fault, ((StoreUnavailableException)failure!).Effect)));
        Assert.False(ledger.Health.IsWritable);
        Assert.Contains("full", ledger.Health.Reason, StringComparison.Ordinal);
        Assert.Equal(before, (ledger.Read.AsOf, ledger.Read.Balance("acme")!.Balance));

        ledger.Store.Writes.Execute("PRAGMA max_page_count = 1073741823");
        Assert.All(await SendAsync(ledger, from: 100_001, lists: 12), Assert.Null);
        Assert.True(ledger.Health.IsWritable);
        Assert.Equal(1_000_000 - 14 * 300, ledger.Read.Balance("acme")!.Balance.Nanos);
        await ledger.DisposeAsync();
        Verified.Clean(_folder.Path);
    }

    // Goal: windows that memory has let go of. Method: a start between two charges of ten days ago, a flush between the next two.
    [Fact]
    public async Task B2_a_charge_that_reaches_back_adds_to_the_window_of_its_time()
    {
        var then = _clock.Now;
        await using (var first = SqliteLedger.Open(_folder.Path, _clock))
        {
            foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Budget(100, hard: true), Make.Charge(1, 40, at: then)])
            {
                await first.SubmitAsync(command, Cancel);
            }
        }

        _clock.Now += TimeSpan.FromDays(10);

        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        await ledger.SubmitAsync(Make.Charge(2, 30, at: then), Cancel);
        await ledger.FlushAsync();
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Charge(3, 20, at: then), Cancel));
        Assert.Equal(Refusal.BudgetExhausted, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Make.Charge(4, 20, at: then), Cancel)).Reason);
        await ledger.DisposeAsync();
        Verified.Clean(_folder.Path);
    }

    // Goal: what a batch in flight ended must stay known to the next. Method: batches of 100, all waiting at once: holds expire, are settled late, and settled
    // again.
    [Fact]
    public async Task L5_late_settlements_in_neighbouring_batches_count_once()
    {
        await using var ledger = SqliteLedger.Open(_folder.Path, batchMax: 100, _clock);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000)]) await ledger.SubmitAsync(command, Cancel);
        var ids = Enumerable.Range(1, 2_000).ToList();
        var lifetime = TimeSpan.FromSeconds(10);
        await ledger.SubmitAsync([.. ids.Select(id => (Command)new Command.PlaceHold(Make.Id(id), Make.Labels(), null, $"op{id}", new(5), lifetime))], Cancel);
        _clock.Now += TimeSpan.FromMinutes(1);
        var sent = ids.Chunk(100).SelectMany(chunk => (IEnumerable<Command>[])
            [
                chunk.Select(id => new Command.ExpireHold(Make.Id(id))), chunk.Select(id => Make.Settle(id, 3, at: _clock.Now)),
                chunk.Select(id => Make.Settle(id, 3, at: _clock.Now)),
            ])
            .Select(list => ledger.SubmitAsync([.. list], Cancel).AsTask()).ToList();
        var outcomes = await Task.WhenAll(sent);

        Assert.All(outcomes.Where((_, list) => list % 3 < 2).SelectMany(list => list), outcome => Assert.IsType<Outcome.Done>(outcome));
        Assert.All(outcomes.Where((_, list) => list % 3 == 2).SelectMany(list => list), outcome => Assert.IsType<Outcome.Replayed>(outcome));
        Assert.Equal((1_000_000 - 6_000, 0), (ledger.Read.Balance("acme")!.Balance.Nanos, ledger.Read.Balance("acme")!.Held.Nanos));
    }

    // The commits of a machine whose clock was ahead keep the ledger's time ahead: it never goes back. A hold counts from that time.
    [Fact]
    public async Task L5_a_hold_is_placed_though_the_ledgers_time_is_ahead_of_the_machines_clock()
    {
        _clock.Now += TimeSpan.FromSeconds(90);
        await using (var ahead = SqliteLedger.Open(_folder.Path, _clock))
        {
            foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000)]) await ahead.SubmitAsync(command, Cancel);
        }

        _clock.Now -= TimeSpan.FromSeconds(90);
        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        Assert.IsType<Outcome.Done>(
            await ledger.SubmitAsync(new Command.PlaceHold(Make.Id(1), Make.Labels(), null, "op1", new(5), TimeSpan.FromSeconds(10)), Cancel));
        Assert.IsType<Outcome.Replayed>(
            await ledger.SubmitAsync(new Command.PlaceHold(Make.Id(1), Make.Labels(), null, "op1", new(5), TimeSpan.FromSeconds(10)), Cancel));
        Assert.Equal(TimeSpan.FromSeconds(100), ledger.Read.OpenHolds("acme").Single().ExpiresAt - _clock.Now);
    }

    [Fact]
    public async Task S1_a_store_that_failed_is_tried_again_while_nobody_asks()
    {
        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000)]) await ledger.SubmitAsync(command, Cancel);
        ledger.Store.Writes.Execute("PRAGMA max_page_count = 1");
        Assert.All(await SendAsync(ledger, from: 1, lists: 5), failure => Assert.IsType<StoreUnavailableException>(failure));
        Assert.False(ledger.Health.IsWritable);
        ledger.Store.Writes.Execute("PRAGMA max_page_count = 1073741823");
        await SoonAsync(() => ledger.Health.IsWritable, isSo: true);
    }

    // Goal: a large batch, which is committed on a thread of its own, is followed up though nothing comes after it. Method: one list alone; what SQL readers
    // see, and a failure with its recovery.
    [Fact]
    public async Task S1_what_was_handed_over_is_flushed_or_recovered_from_while_nobody_asks()
    {
        const int large = 2_000;
        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000)]) await ledger.SubmitAsync(command, Cancel);
        Assert.All(await ledger.SubmitAsync(Charges(1, large, _clock.Now), Cancel), outcome => Assert.IsType<Outcome.Done>(outcome));
        await SoonAsync(() => ledger.Store.HasPending, isSo: false);

        // Longer than between two probes: a failure found after the hand-over must not be probed, and forgotten, at once.
        await Task.Delay(TimeSpan.FromSeconds(6), Cancel);
        ledger.Store.Writes.Execute("PRAGMA max_page_count = 1");
        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await ledger.SubmitAsync(Charges(100_001, large, _clock.Now), Cancel));
        Assert.Equal((StoreFault.Full, StoreEffect.None), (failure.Fault, failure.Effect));
        await SoonAsync(() => ledger.Health.IsWritable, isSo: false);
        ledger.Store.Writes.Execute("PRAGMA max_page_count = 1073741823");
        await SoonAsync(() => ledger.Health.IsWritable, isSo: true);
        Assert.All(await ledger.SubmitAsync(Charges(100_001, large, _clock.Now), Cancel), outcome => Assert.IsType<Outcome.Done>(outcome));
        Assert.Equal(1_000_000 - 2 * large, ledger.Read.Balance("acme")!.Balance.Nanos);
        await ledger.DisposeAsync();
        Verified.Clean(_folder.Path);
    }

    // Goal: ids in no order are found again whichever connection looks. Method: the same random ids twice, in lists that overtake each other, so that some are
    // looked up beside a commit.
    [Fact]
    public async Task L3_ids_in_no_order_count_once_beside_commits_and_between_them()
    {
        var draw = new Random(1);
        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000_000)]) await ledger.SubmitAsync(command, Cancel);
        var lists = Enumerable.Range(0, 12).Select(_ => Charges(1, 600, _clock.Now).Select(command => Renamed(command, draw)).ToArray()).ToArray();
        foreach (var expected in (Type[])[typeof(Outcome.Done), typeof(Outcome.Replayed)])
        {
            foreach (var outcomes in await Task.WhenAll(lists.Select(async list => await ledger.SubmitAsync(list, Cancel))))
            {
                Assert.All(outcomes, outcome => Assert.IsType(expected, outcome));
            }
        }

        Assert.Equal(1_000_000 - 12 * 600, ledger.Read.Balance("acme")!.Balance.Nanos);
        await ledger.DisposeAsync();
        Verified.Clean(_folder.Path);
    }

    [Fact]
    public async Task A_command_given_up_before_it_was_taken_does_nothing()
    {
        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        using var given = new CancellationTokenSource();
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ledger.SubmitAsync(Make.OpenOrg(), given.Token));
        Assert.Null(ledger.Read.Org("acme"));
    }

    [Fact]
    public async Task A_closed_ledger_says_so_and_what_waited_was_committed()
    {
        var ledger = SqliteLedger.Open(_folder.Path, _clock);
        await ledger.SubmitAsync(Make.OpenOrg(), Cancel);
        await ledger.SubmitAsync(Make.TopUp(1_000_000), Cancel);
        var waiting = Enumerable.Range(0, 20).Select(list => ledger.SubmitAsync(Charges(list * 500 + 1, 500), Cancel).AsTask()).ToList();
        await ledger.DisposeAsync();
        Assert.All((await Task.WhenAll(waiting)).SelectMany(list => list), outcome => Assert.IsType<Outcome.Done>(outcome));
        var closed = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await ledger.SubmitAsync(Make.TopUp(1, "t2"), Cancel));
        Assert.Equal((StoreFault.Stopped, StoreEffect.None), (closed.Fault, closed.Effect));

        await using var again = SqliteLedger.Open(_folder.Path, _clock);
        Assert.Equal(1_000_000 - 10_000, again.Read.Balance("acme")!.Balance.Nanos);
    }

    // Foreign rows under the numbers that the next setting and the next record get: neither the budget nor its record in quarantine can be stored.
    [Fact]
    public async Task A_contradiction_in_the_store_fails_its_command_and_no_other()
    {
        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        await ledger.SubmitAsync(Make.OpenOrg(), Cancel);
        ledger.Store.Writes.Execute("INSERT INTO settings VALUES (2, 3, 'acme', 'x', 'y', 0, 0, 0)");
        ledger.Store.Writes.Execute("INSERT INTO records VALUES (1, 3, 'acme', 'x', 'y', 0, 0)");
        var failed = await Assert.ThrowsAsync<StoreUnavailableException>(async () => await ledger.SubmitAsync(Make.Budget(10), Cancel));
        Assert.Equal(StoreEffect.None, failed.Effect);
        Assert.False(ledger.Health.IsWritable);
        Assert.Contains("quarantine", ledger.Health.Reason, StringComparison.Ordinal);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.TopUp(1), Cancel));
        Assert.True(ledger.Health.IsWritable);
    }

    // Goal: memory does not grow with charges. Method: after 60,000 more, the book holds no more attempts than after the first 5,000.
    [Fact]
    public async Task What_is_settled_is_let_go_of()
    {
        await using var ledger = SqliteLedger.Open(_folder.Path, _clock);
        await ledger.SubmitAsync(Make.OpenOrg(), Cancel);
        await ledger.SubmitAsync(Make.TopUp(1_000_000), Cancel);
        var sent = Enumerable.Range(0, 13).Select(list => ledger.SubmitAsync(Charges(list * 5_000 + 1, 5_000), Cancel).AsTask());
        await Task.WhenAll(sent);
        await ledger.FlushAsync();
        Assert.Equal(0, ledger.AttemptsInMemory);
        Assert.Equal(1_000_000 - 65_000, ledger.Read.Balance("acme")!.Balance.Nanos);
    }

    private static List<Command> Charges(int from, int count, Instant at = default) =>
        [.. Enumerable.Range(from, count).Select(id => Make.Charge(id, 1, at: at))];

    /// <summary>The same charge under an id as imported ones have it: before every id in order of time, and itself in no order.</summary>
    private static Command Renamed(Command command, Random draw)
    {
        var charge = (Command.Charge)command;
        var id = new byte[16];
        draw.NextBytes(id);
        id[0] = 0;
        return charge with { Usage = charge.Usage with { Usage = charge.Usage.Usage with { Id = new(new Guid(id, bigEndian: true)) } } };
    }

    private static async Task SoonAsync(Func<bool> value, bool isSo)
    {
        for (var waited = 0; value() != isSo && waited < 200; waited++) await Task.Delay(100, Cancel);
        Assert.Equal(isSo, value());
    }

    /// <summary>Lists of 300 charges, all at once, so that some are decided while others commit.</summary>
    private async Task<IReadOnlyList<Exception?>> SendAsync(SqliteLedger ledger, int from, int lists)
    {
        var sent = Enumerable.Range(0, lists).Select(async list =>
        {
            try
            {
                Assert.All(await ledger.SubmitAsync(Charges(from + list * 300, 300, _clock.Now), Cancel), outcome => Assert.IsType<Outcome.Done>(outcome));
                return null;
            }
            catch (StoreUnavailableException failure)
            {
                return (Exception)failure;
            }
        });
        return await Task.WhenAll(sent);
    }

    private async Task CrashAgainAndAgainAsync(List<Histories.Step> steps)
    {
        var memory = Histories.Begin();
        _clock.Now = memory.Now;
        var path = _folder.File(Guid.NewGuid().ToString());
        await using var ledger = SqliteLedger.Open(path, _clock);
        foreach (var command in (Command[])[Make.OpenOrg("acme"), Make.OpenOrg("beta", Core.Tenancy.BillingMode.Postpaid, creditLine: 100),
            Make.TopUp(300, "start")])
        {
            await ledger.SubmitAsync(command);
        }

        for (var step = 0; step < steps.Count; step++)
        {
            memory.Now += TimeSpan.FromSeconds(steps[step].Seconds + 1);
            _clock.Now = memory.Now;
            var command = steps[step].Make(memory);
            Assert.Equal(memory.Submit(command), await ledger.SubmitAsync(command));
            if (step % 20 == 7) await ledger.FlushAsync();
            if (step % 5 != 4) continue;
            var crashed = _folder.File(Guid.NewGuid().ToString());
            Directory.CreateDirectory(crashed);
            foreach (var file in (string[])["tieout.db", "tieout.db-wal"]) File.Copy(Path.Combine(path, file), Path.Combine(crashed, file));
            await using (var rebuilt = SqliteLedger.Open(crashed, _clock))
            {
                Contract.LedgerContract.AssertSame(memory, rebuilt.Read);
                Assert.Equal(Convert.ToHexString(memory.Book.ChainHash), rebuilt.ChainHash);
            }

            Verified.Clean(crashed);
        }
    }
}
