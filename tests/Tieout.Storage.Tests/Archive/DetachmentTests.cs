using System.Text;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tenancy;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Detaching;
using Tieout.Storage.Follower;
using Tieout.Storage.Reconciliation;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Archive;

/// <summary>That months leave an embedded ledger for their archive, and that nothing but their rows goes with them.</summary>
public sealed class DetachmentTests : IDisposable
{
    private static readonly DateTimeOffset March = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private static readonly Month May = new(2026, 5);

    private readonly TemporaryFolder _data = new();
    private readonly TemporaryFolder _archive = new();
    private readonly FakeClock _clock = new();

    private static RemovalPace Killed => new(BatchRows: 15, () => throw new TimeoutException("killed"));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _data.Dispose();
        _archive.Dispose();
    }

    // Goal: figures of every time are the same before and after, and the ledger without the rows verifies. Method: every source of figures, as text.
    [Fact]
    public async Task L4_figures_are_the_same_after_months_were_detached()
    {
        await LiveAsync();
        var before = await FiguresAsync();
        var report = await DetachAsync();

        Assert.Equal((40, 45, 2), (report.Rows.Usage, report.Rows.Postings, report.Rows.Holds));
        Assert.Equal(before, await FiguresAsync());
        Assert.Equal("", Broken());
        Assert.Equal(21, Count("usage"));
        Assert.Equal(0, Count("usage WHERE seq <= 40"));
        Assert.Equal(42, Count("detached_ids"));
    }

    [Fact]
    public async Task L3_an_attempt_whose_rows_are_detached_is_never_charged_again()
    {
        await LiveAsync();
        await DetachAsync();
        await using var ledger = SqliteLedger.Open(_data.Path, _clock);
        Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, Charge(1)));
        var hold = new Command.PlaceHold(Make.Id(90), Make.Labels(), null, "op", new(5), TimeSpan.FromHours(1));
        Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, hold));
        Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, new Command.Release(Make.Id(90))));
        Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, new Command.Settle(Priced(90))));
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Charge(1_000), Cancel));
        Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(Charge(1_000), Cancel));
        Assert.Equal("", await ReconciledAsync(ledger));
    }

    [Fact]
    public async Task L7_a_posting_that_is_detached_is_not_corrected_and_one_that_stays_is()
    {
        await LiveAsync(correctLate: true);
        await DetachAsync();
        Assert.Equal(1, Count("usage WHERE seq <= 40"));
        Assert.Equal("", Broken());
        await using (var ledger = SqliteLedger.Open(_data.Path, _clock))
        {
            Assert.Equal(Refusal.RowsArchived, await RefusedAsync(ledger, new Command.Correct("gone", "acme", 6, null, "late")));
            var stays = Number("SELECT max(reverses) FROM postings");
            var again = Number($"SELECT seq FROM postings WHERE reverses = {stays} AND kind = 5");
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Correct("again", "acme", again, null, "late"), Cancel));
            Assert.Equal(Refusal.PostingReversed, await RefusedAsync(ledger, new Command.Correct("twice", "acme", stays, null, "late")));
            Assert.Equal("", await ReconciledAsync(ledger));
        }

        Assert.Equal("", Broken());
    }

    [Fact]
    public async Task Look_ups_of_detached_rows_say_that_an_archive_has_them()
    {
        await LiveAsync();
        await DetachAsync();
        await using var ledger = SqliteLedger.Open(_data.Path, _clock);
        var read = ledger.Read;
        var org = read.Org("acme")!;
        await Archived(async () => await read.AttemptAsync("acme", Make.Id(2), Cancel));
        Assert.Null(await read.AttemptAsync("other", Make.Id(2), Cancel));
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

    // Goal: whenever the command is killed, the ledger verifies and works, and the same command ends what it began. Method: a kill after each batch.
    [Fact]
    public async Task A_detachment_that_is_killed_is_continued_by_the_same_command()
    {
        await LiveAsync();
        var before = await FiguresAsync();
        var plan = await PlanAsync();
        for (var kills = 0; kills < 5; kills++)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => LedgerDetachment.SqliteAsync(
                _data.Path, Order(plan.Id!), _clock, Killed, cancellationToken: Cancel));
            Assert.Equal("", Broken());
            Assert.Equal(before, await FiguresAsync());
        }

        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => LedgerDetachment.SqliteAsync(
            _data.Path, Order("another"), _clock, cancellationToken: Cancel));
        Assert.Contains("was interrupted", refused.Message, StringComparison.Ordinal);
        await LedgerDetachment.SqliteAsync(_data.Path, Order(plan.Id!), _clock, cancellationToken: Cancel);
        Assert.Equal(0, (await LedgerDetachment.SqliteAsync(_data.Path, Order(plan.Id!), _clock, cancellationToken: Cancel)).Removed);
        Assert.Equal(0, Count("usage WHERE seq <= 40") + Count("postings WHERE seq <= 45") + Count("hold_ends WHERE hold <= 2"));
        Assert.Equal(before, await FiguresAsync());
        Assert.Equal("", Broken());
    }

    [Fact]
    public async Task No_row_goes_unless_the_archive_has_it_and_the_plan_is_the_one_that_was_seen()
    {
        await LiveAsync();
        var plan = await PlanAsync();
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => LedgerDetachment.SqliteAsync(
            _data.Path, Order("0123456789abcdef"), _clock, cancellationToken: Cancel));
        Assert.Contains("is not what the ledger and the archive come to now", refused.Message, StringComparison.Ordinal);

        var file = Path.Combine(_archive.Path, "bucket-00", "2026-03.jsonl.gz");
        var bytes = await File.ReadAllBytesAsync(file, Cancel);
        bytes[^9] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, Cancel);
        await Assert.ThrowsAnyAsync<Exception>(() => LedgerDetachment.SqliteAsync(_data.Path, Order(plan.Id!), _clock, cancellationToken: Cancel));
        Assert.Equal(61, Count("usage"));
        Assert.Equal(0, Count("records WHERE kind = 16"));
    }

    [Fact]
    public async Task L8_an_interrupted_detachment_removes_nothing_more_without_its_archive()
    {
        await LiveAsync();
        var plan = await PlanAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => LedgerDetachment.SqliteAsync(
            _data.Path, Order(plan.Id!), _clock, Killed, cancellationToken: Cancel));
        var left = Count("usage");
        File.Delete(Path.Combine(_archive.Path, "bucket-00", "2026-04.jsonl.gz"));
        await Assert.ThrowsAsync<StoreCorruptException>(
            () => LedgerDetachment.SqliteAsync(_data.Path, Order(plan.Id!), _clock, cancellationToken: Cancel));
        Assert.Equal(left, Count("usage"));
    }

    [Theory]
    [InlineData("UPDATE detached_ids SET id = zeroblob(16) WHERE usage = 1", "L8: detached_ids")]
    [InlineData("DELETE FROM detached_ids WHERE usage = 1", "L8: detached_ids")]
    [InlineData("UPDATE detached_cells SET charge = charge + 1 WHERE hour = (SELECT min(hour) FROM cells)", "L4: detached_accounts")]
    [InlineData("UPDATE detached_accounts SET credits = credits + 1 WHERE no = 1", "L4: detached_accounts")]
    [InlineData("UPDATE settings SET body = replace(body, 'UTC', 'GMT') WHERE seq = 1", "L8: the rows up to chain")]
    [InlineData("UPDATE cells SET charge = charge + 1 WHERE hour = (SELECT min(hour) FROM cells)", "cells: the cell of")]
    [InlineData("UPDATE chain SET hash = zeroblob(32) WHERE last_usage = 40", "L8: ")]
    [InlineData("UPDATE usage SET operation_id = 'other' WHERE seq = 41", "L8: usage 41")]
    public async Task L8_damage_of_what_stays_is_found(string damage, string finding)
    {
        await LiveAsync();
        await DetachAsync();
        using (var connection = RawConnection.Open(DataFolder.DatabaseIn(_data.Path))) connection.Execute(damage);
        Assert.Contains(finding, Broken(), StringComparison.Ordinal);
    }

    // Goal: L8 for what the follower counted, also of hours whose rows are gone. Method: one line at a time, of the first hour and of the last.
    [Theory]
    [InlineData("UPDATE recounts SET charge = charge + 1 WHERE span = 0 AND start_at = (SELECT min(start_at) FROM recounts WHERE span = 0)", "derived: recounts: ")]
    [InlineData("UPDATE recounts SET output_tokens = output_tokens + 1 WHERE span = 0 AND start_at = (SELECT min(start_at) FROM recounts WHERE span = 0)", "derived: recounts: ")]
    [InlineData("DELETE FROM recounts WHERE span = 0 AND start_at = (SELECT min(start_at) FROM recounts WHERE span = 0)", "is missing")]
    [InlineData("UPDATE recounts SET usage_charge = usage_charge + 1 WHERE span = 0 AND start_at = (SELECT max(start_at) FROM recounts WHERE span = 0)",
        "has usage_charge")]
    [InlineData("UPDATE recount_statuses SET attempts = 0 WHERE span = 1 AND start_at = (SELECT max(start_at) FROM recount_statuses WHERE span = 1)", "recount_statuses: ")]
    [InlineData("DELETE FROM usage_hours WHERE start_at = (SELECT max(start_at) FROM usage_hours)", "lists no rows")]
    public async Task L8_damage_of_what_was_counted_is_found_after_months_were_detached(string damage, string finding)
    {
        await LiveAsync();
        await DetachAsync();
        await FiguresAsync();
        Assert.Equal("", Broken());
        using (var connection = RawConnection.Open(Path.Combine(_data.Path, "derived.db"))) connection.Execute(damage);
        Assert.Contains(finding, Broken(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task L4_verification_begins_with_the_holds_that_were_open_at_the_cut()
    {
        await LiveAsync();
        await DetachAsync();
        using var connection = RawConnection.Open(DataFolder.DatabaseIn(_data.Path), readOnly: true);
        var (tables, findings) = (new SqliteTables(connection), new Findings(Findings.Ledger));
        var standing = new Standing(tables, findings);
        DetachedCheck.Begin(tables, tables.Detached!, standing, findings);

        Assert.Equal(Number("SELECT seq FROM holds WHERE operation_id = 'op500'"), standing.FirstOpenHold);
        Assert.DoesNotContain(findings.Report.Checks, check => check.Broken > 0);
    }

    [Fact]
    public async Task Pages_of_detached_rows_are_given_back()
    {
        await LiveAsync();
        await DetachAsync();
        Assert.Equal(2, Number("PRAGMA auto_vacuum"));
        Assert.Equal(0, Number("PRAGMA freelist_count"));
    }

    [Fact]
    public async Task Sums_of_detached_rows_that_are_lost_are_refused_not_shown_as_less()
    {
        await LiveAsync();
        await DetachAsync();
        File.Delete(Path.Combine(_data.Path, "derived.db"));
        await using var ledger = SqliteLedger.Open(_data.Path, _clock);
        await Archived(() => ledger.Follower.StepAsync(Cancel));
        await Archived(async () => await ledger.Read.ChargesAsync("acme", Instant.UnixEpoch, Instant.EndOfTime, Cancel));
    }

    [Fact]
    public async Task Lost_sums_are_counted_anew_with_the_archive_and_only_with_it()
    {
        await LiveAsync();
        var before = await FiguresAsync();
        await DetachAsync();
        File.Delete(Path.Combine(_data.Path, "derived.db"));
        var refused = await Assert.ThrowsAsync<StoreUnavailableException>(() => FollowerRebuild.SqliteAsync(_data.Path, cancellationToken: Cancel));
        Assert.Contains("--archive", refused.Message, StringComparison.Ordinal);
        var rebuilt = await FollowerRebuild.SqliteAsync(_data.Path, _archive.Path, cancellationToken: Cancel);

        Assert.Equal((61 + 45 + 21, 0), (rebuilt.Rows, rebuilt.Differences.Count));
        Assert.Equal(before, await FiguresAsync());
    }

    [Fact]
    public async Task A_later_month_is_detached_after_an_earlier_one()
    {
        await LiveAsync();
        var before = await FiguresAsync();
        await DetachAsync(new Month(2026, 4));
        Assert.Equal("", Broken());
        Assert.Equal(42, Count("usage"));
        var report = await DetachAsync(May);
        Assert.Equal(21, report.Rows.Usage);
        Assert.Equal(42, report.Books[0].Ids);
        Assert.Equal(before, await FiguresAsync());
        Assert.Equal("", Broken());
        Assert.Equal(0, Count("detached_cells WHERE cut < (SELECT max(cut) FROM detached_cells)"));
    }

    [Fact]
    public async Task The_archive_goes_on_after_detached_months_and_a_new_one_is_refused()
    {
        await LiveAsync();
        await DetachAsync();
        Assert.Equal(["2026-05"], LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 6), _archive.Path).Select(segment => segment.Month));
        Assert.True((await ArchiveVerification.RunAsync(_archive.Path, _data.Path)).Ok);
        using var other = new TemporaryFolder();
        var refused = Assert.Throws<StoreUnavailableException>(() => LedgerArchive.WriteSqlite(_data.Path, new Month(2026, 6), other.Path));
        Assert.Contains("give the archive that has them", refused.Message, StringComparison.Ordinal);
    }

    private async Task LiveAsync(bool correctLate = false)
    {
        await using var ledger = SqliteLedger.Open(_data.Path, _clock);
        await new DetachedTraffic(ledger, _clock, ledger.FlushAsync).LiveAsync(correctLate);
    }

    private PricedUsage Priced(int id) => DetachedTraffic.Priced(id, _clock.Now);

    private Command.Charge Charge(int id) => DetachedTraffic.Charge(id, _clock.Now);

    private async Task<DetachPlan> PlanAsync(Month? before = null)
    {
        _clock.Now = Instant.From(March.AddMonths(2).AddDays(5));
        LedgerArchive.WriteSqlite(_data.Path, before ?? May, _archive.Path);
        var plan = await LedgerDetachment.PlanSqliteAsync(_data.Path, before ?? May, _archive.Path, _clock.Now);
        Assert.Equal("", string.Join('\n', plan.Plan.Months.SelectMany(month => month.Obstacles)));
        return plan;
    }

    private DetachOrder Order(string plan, Month? before = null) =>
        new(before ?? May, _archive.Path, plan, _ => new(new Actor("tok_ana", "admin", plan), "tieout archive detach", "/archive"));

    private async Task<DetachReport> DetachAsync(Month? before = null)
    {
        var plan = await PlanAsync(before);
        return await LedgerDetachment.SqliteAsync(_data.Path, Order(plan.Id!, before), _clock, cancellationToken: Cancel);
    }

    /// <summary>Everything that figures are reported from, as text.</summary>
    private async Task<string> FiguresAsync()
    {
        _clock.Now = Instant.From(March.AddMonths(2).AddDays(5));
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(FormattableString.Invariant(line));
        await using (var ledger = SqliteLedger.Open(_data.Path, _clock))
        {
            text.Append(await new DetachedTraffic(ledger, _clock, ledger.FlushAsync).FiguresAsync());
        }

        using var connection = RawConnection.Open(DataFolder.DatabaseIn(_data.Path), readOnly: true);
        using var windows = connection.Prepare("SELECT budget, start_at, each, posted, held FROM windows ORDER BY budget, start_at, each");
        while (windows.Step()) Line($"{windows.Int64(0)} {windows.Int64(1)} {windows.Text(2)} {windows.Int64(3)} {windows.Int64(4)}");
        return text.ToString();
    }

    private async Task<string> ReconciledAsync(SqliteLedger ledger)
    {
        var query = new BookQuery(new Instances([], (_, _) => Make.Id(77)), RuntimeDue: null, _clock.Now);
        var report = await ledger.Read.ReconcileAsync(query, Cancel);
        return string.Join('\n', report.Findings.Select(finding => $"{finding.Code.Name}: {finding.Cause}"));
    }

    private static async Task<Refusal> RefusedAsync(SqliteLedger ledger, Command command) =>
        Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(command, Cancel)).Reason;

    private async Task Archived(Func<Task> read)
    {
        var archived = await Assert.ThrowsAsync<RowsArchivedException>(read);
        Assert.Contains(_archive.Path, archived.Message, StringComparison.Ordinal);
    }

    private static UsageFilter Times(string org) => new(org, Instant.UnixEpoch, Instant.EndOfTime);

    private string Broken() => string.Join('\n', SqliteVerification.Run(_data.Path).Checks.SelectMany(check => check.Rows.Select(row => $"{check.Id}: {row}")));

    private long Count(string of) => Number($"SELECT count(*) FROM {of}");

    private long Number(string sql)
    {
        using var connection = RawConnection.Open(DataFolder.DatabaseIn(_data.Path), readOnly: true);
        return connection.ReadInt64(sql);
    }
}
