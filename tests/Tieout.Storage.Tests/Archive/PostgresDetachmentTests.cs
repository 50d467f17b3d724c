using System.Globalization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tenancy;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Detaching;
using Tieout.Storage.Follower;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Reconciliation;
using Tieout.Storage.Tests.Postgres;
using Tieout.Storage.Writing;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Archive;

/// <summary>That months leave a PostgreSQL store for their archive while servers use it, and that nothing but their rows goes with them.</summary>
public sealed class PostgresDetachmentTests : IDisposable
{
    /// <summary>Of orgs; the two orgs lie in two of them.</summary>
    private const int Buckets = 7;

    private static readonly Month May = DetachedTraffic.May;

    private readonly string _store = PostgresServer.Instance.NewDatabase();
    private readonly TemporaryFolder _archive = new();
    private readonly FakeClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static RemovalPace Killed => new(BatchRows: 10, () => throw new InvalidOperationException("killed"));

    public void Dispose() => _archive.Dispose();

    // Goal: figures of every time are the same before and after, on the node that detaches, on another and after a start; the store without the rows verifies.
    // Method: every source of figures, as text.
    [Fact]
    public async Task L4_figures_are_the_same_after_months_were_detached_on_every_node()
    {
        await using var left = await OpenAsync();
        await using var right = await OpenAsync();
        var before = await LiveAsync(left);
        var plan = await PlanAsync();
        var report = await DetachAsync(left, plan);

        Assert.Equal((40, 45, 2), (report.Rows.Usage, report.Rows.Postings, report.Rows.Holds));
        Assert.Equal(2, report.Books.Count);
        Assert.Equal("usage_2026_05", Sql("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname LIKE 'usage_2026_0_'"));
        Assert.True(report.FreedBytes > 0);
        Assert.Equal("", await BrokenAsync());
        foreach (var ledger in (PostgresLedger[])[left, right]) Assert.Equal(before, await FiguresAsync(ledger));
        await using var anew = await OpenAsync();
        Assert.Equal(before, await FiguresAsync(anew));
        Assert.Equal("21 21 42", Sql("SELECT concat_ws(' ', (SELECT count(*) FROM usage), (SELECT count(*) FROM usage_ids), (SELECT count(*) FROM detached_ids))"));
        Assert.Equal("", await ReconciledAsync(anew));
    }

    [Fact]
    public async Task L3_an_attempt_whose_rows_are_detached_is_never_charged_again_by_any_node()
    {
        await using var left = await OpenAsync();
        await using var right = await OpenAsync();
        await LiveAsync(left);
        await DetachAsync(left, await PlanAsync());
        await using var anew = await OpenAsync();
        foreach (var ledger in (PostgresLedger[])[left, right, anew])
        {
            Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, DetachedTraffic.Charge(1, _clock.Now)));
            var hold = new Command.PlaceHold(Make.Id(90), Make.Labels(), null, "op", new(5), TimeSpan.FromHours(1));
            Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, hold));
            Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, new Command.Release(Make.Id(90))));
            Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, new Command.Settle(DetachedTraffic.Priced(90, _clock.Now))));
        }

        Assert.IsType<Outcome.Done>(await right.SubmitAsync(DetachedTraffic.Charge(1_000, _clock.Now), Cancel));
        Assert.IsType<Outcome.Replayed>(await left.SubmitAsync(DetachedTraffic.Charge(1_000, _clock.Now), Cancel));
        Assert.Equal("", await BrokenAsync());
    }

    [Fact]
    public async Task L7_a_posting_that_is_detached_is_not_corrected_and_one_that_stays_is()
    {
        await using var ledger = await OpenAsync();
        await LiveAsync(ledger, correctLate: true);
        var traffic = new DetachedTraffic(ledger, _clock, () => Task.CompletedTask);
        var (gone, stays) = (await traffic.PostingOfAsync(4), await traffic.PostingOfAsync(102));
        await DetachAsync(ledger, await PlanAsync());
        Assert.Equal("1", Sql("SELECT count(*) FROM usage u JOIN detached_stay s ON s.bucket = u.bucket AND s.seq = u.seq AND s.of_table = 'usage'"));
        Assert.Equal("usage_2026_04 usage_2026_05", Sql("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relname LIKE 'usage_2026_0_'"));
        Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, new Command.Correct("gone", "acme", gone, null, "late")));
        var again = long.Parse(Sql($"SELECT seq FROM postings WHERE bucket = {ledger.Layout.Of("acme")} AND reverses = {stays} AND kind = 5"), CultureInfo.InvariantCulture);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Correct("again", "acme", again, null, "late"), Cancel));
        Assert.Equal(Refusal.PostingReversed, await RefusedAsync(ledger, new Command.Correct("twice", "acme", stays, null, "late")));
        Assert.Equal("", await BrokenAsync());
        Assert.Equal("", await ReconciledAsync(ledger));
    }

    [Fact]
    [Trait("Long", "yes")]
    public async Task Look_ups_of_detached_rows_say_that_an_archive_has_them()
    {
        await using var ledger = await OpenAsync();
        await LiveAsync(ledger);
        await DetachAsync(ledger, await PlanAsync());
        var read = ledger.Read;
        var org = read.Org("acme")!;
        await Archived(async () => await read.AttemptAsync("acme", Make.Id(2), Cancel));
        Assert.Null(await read.AttemptAsync("beta", Make.Id(2), Cancel));
        await Archived(async () => await read.OfOperationAsync("acme", "op2", Cancel));
        await Archived(async () => await read.PageAsync(new(org, Times("acme"), OldestFirst: true, After: null, 5), Cancel));
        await Archived(async () => await read.PageAsync(new(org, Times("acme"), OldestFirst: false, After: null, 500), Cancel));
        await Archived(async () => await read.UsageAsync(Times("acme"), Cancel).FirstAsync(Cancel));
        await Archived(async () => await read.PostingsAsync("acme", Instant.UnixEpoch, Instant.EndOfTime, 0, Cancel).FirstAsync(Cancel));
        await Archived(async () => await read.TotalsAsync("acme", Instant.UnixEpoch, Instant.EndOfTime, Cancel));

        var inMay = Instant.From(new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));
        Assert.Equal(10, (await read.PageAsync(new(org, new("acme", inMay, Instant.EndOfTime), OldestFirst: false, After: null, 500), Cancel)).Count);
        Assert.Equal(10, await read.UsageAsync(new("acme", inMay, Instant.EndOfTime), Cancel).CountAsync(Cancel));
        Assert.NotNull(await read.AttemptAsync("acme", Make.Id(202), Cancel));
        Assert.Single(await read.OfOperationAsync("acme", "op202", Cancel));
    }

    // Goal: whenever the command is killed, the store verifies and works, nothing is decided on rows that are still to go, and the same command ends what it
    // began. Method: a kill after each batch; the parts of months are in use, so that rows are removed one by one.
    [Fact]
    public async Task A_detachment_that_is_killed_is_continued_by_the_same_command()
    {
        await using var ledger = await OpenAsync(withParts: false);
        var before = await LiveAsync(ledger);
        var posting = await new DetachedTraffic(ledger, _clock, () => Task.CompletedTask).PostingOfAsync(120);
        var plan = await PlanAsync();
        for (var kills = 0; kills < 4; kills++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(ledger, plan, Killed));
            Assert.Equal("", await BrokenAsync());
            Assert.Equal(before, await FiguresAsync(ledger));
            Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, new Command.Correct($"late{kills}", "acme", posting, null, "late")));
        }

        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => RunAsync(ledger, "another"));
        Assert.Contains("was interrupted", refused.Message, StringComparison.Ordinal);
        Assert.True((await RunAsync(ledger, plan)).Removed > 0);
        Assert.Equal(0, (await RunAsync(ledger, plan)).Removed);
        Assert.Equal("21 21 21 1", Sql("SELECT concat_ws(' ', (SELECT count(*) FROM usage), (SELECT count(*) FROM usage_ids), (SELECT count(*) FROM postings), (SELECT count(*) FROM hold_ends WHERE state = 2))"));
        Assert.Equal(before, await FiguresAsync(ledger));
        Assert.Equal("", await BrokenAsync());
    }

    // Goal: a command that ends between the records of two books goes on with the others. Method: a kill after the first record.
    [Fact]
    [Trait("Long", "yes")]
    public async Task A_detachment_that_ends_between_two_books_is_continued_by_the_same_command()
    {
        await using var ledger = await OpenAsync();
        var before = await LiveAsync(ledger);
        var plan = await PlanAsync();
        var records = 0;
        void KillFirst()
        {
            if (++records == 1) throw new InvalidOperationException("killed");
        }

        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(ledger, plan, new RemovalPace { AfterRecord = KillFirst }));
        Assert.Equal("1", Sql("SELECT count(*) FROM records WHERE kind = 16"));
        Assert.Equal("61", Sql("SELECT count(*) FROM usage"));
        Assert.Equal("", await BrokenAsync());

        var report = await RunAsync(ledger, plan);
        Assert.Equal((2, 40), (report.Books.Count, report.Rows.Usage));
        Assert.Equal("21", Sql("SELECT count(*) FROM usage"));
        Assert.Equal(before, await FiguresAsync(ledger));
        Assert.Equal("", await BrokenAsync());
    }

    [Fact]
    public async Task One_command_at_a_time_takes_months_out_of_a_store()
    {
        await using var ledger = await OpenAsync();
        await LiveAsync(ledger);
        var plan = await PlanAsync();
        await using (await PostgresDetachment.OpenAsync(ledger, new RemovalPace(), Cancel))
        {
            var refused = await Assert.ThrowsAsync<StoreUnavailableException>(
                () => LedgerDetachment.PostgresAsync(_store, Order(plan), _clock, cancellationToken: Cancel));
            Assert.Contains("Another command", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(40, (await LedgerDetachment.PostgresAsync(_store, Order(plan), _clock, cancellationToken: Cancel)).Rows.Usage);
    }

    // Ten detachments take minutes; the same damage to a file is looked for each time.
    [Theory]
    [Trait("Long", "yes")]
    [InlineData("UPDATE detached_ids SET id = '00000000-0000-0000-0000-000000000009' WHERE usage = 1 AND bucket = @", "L8: detached_ids")]
    [InlineData("DELETE FROM detached_ids WHERE usage = 1 AND bucket = @", "L8: detached_ids")]
    [InlineData("UPDATE detached_cells SET charge = charge + 1 WHERE bucket = @ AND hour = (SELECT min(hour) FROM cells)", "L4: detached_accounts")]
    [InlineData("UPDATE detached_accounts SET credits = credits + 1 WHERE bucket = @ AND no = 1", "L4: detached_accounts")]
    [InlineData("UPDATE settings SET body = replace(body, 'UTC', 'GMT') WHERE bucket = @ AND seq = 1", "L8: the rows up to chain")]
    [InlineData("UPDATE cells SET charge = charge + 1 WHERE bucket = @ AND hour = (SELECT min(hour) FROM cells)", "cells: the cell of")]
    [InlineData("UPDATE chain SET hash = decode(repeat('00', 32), 'hex') WHERE bucket = @ AND commit_no = (SELECT min(cut) FROM detached_cells)", "L8: ")]
    [InlineData("UPDATE usage SET operation_id = 'other' WHERE bucket = @ AND seq = (SELECT min(seq) FROM usage WHERE bucket = @)", "L8: usage ")]
    [InlineData("DELETE FROM usage_ids WHERE bucket = @ AND seq = (SELECT max(seq) FROM usage WHERE bucket = @)", "L8: usage_ids")]
    [InlineData("UPDATE recounts SET charge = charge + 1 WHERE bucket = @ AND span = 0 AND start_at = (SELECT min(start_at) FROM recounts WHERE span = 0)",
        "derived: recounts: ")]
    public async Task L8_damage_of_what_stays_is_found(string damage, string finding)
    {
        await using (var ledger = await OpenAsync())
        {
            await LiveAsync(ledger);
            await DetachAsync(ledger, await PlanAsync());
            Sql(damage.Replace("@", $"{ledger.Layout.Of("acme")}", StringComparison.Ordinal));
        }

        Assert.Contains(finding, await BrokenAsync(), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Long", "yes")]
    public async Task Lost_sums_are_counted_anew_with_the_archive_and_only_with_it()
    {
        await using var ledger = await OpenAsync();
        var before = await LiveAsync(ledger);
        await DetachAsync(ledger, await PlanAsync());
        await ledger.Follower.ResetAsync(Cancel);
        await Archived(() => ledger.Follower.StepAsync(Cancel));
        await Archived(async () => await ledger.Read.ChargesAsync("acme", Instant.UnixEpoch, Instant.EndOfTime, Cancel));
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => FollowerRebuild.PostgresAsync(_store, cancellationToken: Cancel));
        Assert.Contains("--archive", refused.Message, StringComparison.Ordinal);
        var rebuilt = await FollowerRebuild.PostgresAsync(_store, _archive.Path, cancellationToken: Cancel);

        Assert.Equal((61 + 45 + 21, 0), (rebuilt.Rows, rebuilt.Differences.Count));
        Assert.Equal(before, await FiguresAsync(ledger));
    }

    [Fact]
    [Trait("Long", "yes")]
    public async Task A_later_month_is_detached_after_an_earlier_one()
    {
        await using var ledger = await OpenAsync();
        var before = await LiveAsync(ledger);
        await DetachAsync(ledger, await PlanAsync(new Month(2026, 4)), new Month(2026, 4));
        Assert.Equal("", await BrokenAsync());
        Assert.Equal("42", Sql("SELECT count(*) FROM usage"));
        var report = await DetachAsync(ledger, await PlanAsync());
        Assert.Equal(42, report.Books.Sum(book => book.Ids));
        Assert.Equal("21", Sql("SELECT count(*) FROM usage"));
        Assert.Equal(before, await FiguresAsync(ledger));
        Assert.Equal("", await BrokenAsync());
        Assert.True((await ArchiveVerification.RunAsync(_archive.Path, store: _store)).Ok);
    }

    private async Task<PostgresLedger> OpenAsync(bool withParts = true)
    {
        var ledger = await PostgresLedger.OpenAsync(_store, Buckets, LedgerWriter.BatchMax, _clock);
        for (var month = 3; withParts && month <= 5; month++) Sql($"SELECT 1 FROM make_usage_part('2026-0{month}-01')");
        return ledger;
    }

    private async Task<string> LiveAsync(PostgresLedger ledger, bool correctLate = false)
    {
        await new DetachedTraffic(ledger, _clock, () => Task.CompletedTask).LiveAsync(correctLate);
        return await FiguresAsync(ledger);
    }

    private async Task<string> FiguresAsync(PostgresLedger ledger) =>
        await new DetachedTraffic(ledger, _clock, () => Task.CompletedTask).FiguresAsync()
        + Sql("SELECT string_agg(concat_ws(' ', bucket, budget, start_at, each, posted, held), '; ' ORDER BY bucket, budget, start_at, each) FROM windows");

    private async Task<string> PlanAsync(Month? before = null)
    {
        _clock.Now = DetachedTraffic.MiddleOfMay;
        await LedgerArchive.WritePostgresAsync(_store, before ?? May, _archive.Path, Cancel);
        var plan = await LedgerDetachment.PlanPostgresAsync(_store, before ?? May, _archive.Path, _clock.Now, Cancel);
        Assert.Equal("", string.Join('\n', plan.Plan.Months.SelectMany(month => month.Obstacles)));
        return plan.Id!;
    }

    private DetachOrder Order(string plan, Month? before = null) =>
        new(before ?? May, _archive.Path, plan, _ => new(new Actor("tok_ana", "admin", plan), "tieout archive detach", "/archive"));

    private Task<DetachReport> DetachAsync(PostgresLedger ledger, string plan, Month? before = null) =>
        LedgerDetachment.RunAsync(ledger, Order(plan, before), _clock, new RemovalPace(), progress: null, Cancel);

    private Task<DetachReport> RunAsync(PostgresLedger ledger, string plan, RemovalPace? pace = null) =>
        LedgerDetachment.RunAsync(ledger, Order(plan), _clock, pace ?? new RemovalPace(), progress: null, Cancel);

    private async Task<string> BrokenAsync() =>
        string.Join('\n', (await PostgresVerification.RunAsync(_store, cancellationToken: Cancel)).Checks.SelectMany(
            check => check.Rows.Select(row => $"{check.Id}: {row}")));

    private async Task<string> ReconciledAsync(PostgresLedger ledger)
    {
        var query = new BookQuery(new Instances([], (_, _) => Make.Id(77)), RuntimeDue: null, _clock.Now);
        var report = await ledger.Read.ReconcileAsync(query, Cancel);
        return string.Join('\n', report.Findings.Select(finding => $"{finding.Code.Name}: {finding.Cause}"));
    }

    private static async Task<Refusal> RefusedAsync(PostgresLedger ledger, Command command) =>
        Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(command, Cancel)).Reason;

    private async Task Archived(Func<Task> read)
    {
        var archived = await Assert.ThrowsAsync<RowsArchivedException>(read);
        Assert.Contains(_archive.Path, archived.Message, StringComparison.Ordinal);
    }

    private static UsageFilter Times(string org) => new(org, Instant.UnixEpoch, Instant.EndOfTime);

    private string Sql(string sql) => PostgresServer.Instance.Sql(new Uri(_store).AbsolutePath[1..], sql);
}
