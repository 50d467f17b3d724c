using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>The follower among failures: of its writes, of its tables, and of the figures that it compares.</summary>
public abstract partial class LedgerContract
{
    private const string Red = "attribution 1 (team red, provider p, model m)";

    /// <summary>Runs a statement on the tables of the follower, whether the ledger is open or not.</summary>
    internal abstract void TamperCounted(string sql);

    /// <summary>From now on every write to the table fails, before the row is written or after.</summary>
    internal abstract void BreakCounted(string table, bool before);

    /// <summary>What <see cref="BreakCounted"/> did is undone.</summary>
    internal abstract void MendCounted(string table);

    /// <summary>Verifies the closed ledger that was opened last.</summary>
    internal abstract Task<VerificationReport> VerifyAsync();

    // Goal: a row is counted once wherever a step dies. Method: each of the step's writes fails, before and after its row; nothing of the step may be there,
    // and the next step counts all of it.
    [Fact]
    public async Task Q2_a_step_that_fails_at_any_of_its_writes_counts_nothing_and_the_next_counts_each_row_once()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var (traffic, calls) = (new FollowedTraffic(Clock), 0);
        foreach (var (index, table) in ((string[])["follower", "recounts", "recount_statuses", "recount_months", "usage_hours", "usage_id_runs",
            "usage_id_blocks", "usage_sketches", "tool_hours", "recount_costs"]).Index())
        {
            foreach (var before in IsSlow ? [index % 2 == 0] : (bool[])[true, false])
            {
                await traffic.RunAsync(ledger, 9);
                await ledger.SubmitAsync(Recorded("acme", CallAt(++calls, Clock.Now)), Cancel);
                if (ledger is Storage.Sqlite.SqliteLedger embedded) await embedded.FlushAsync();
                BreakCounted(table, before);
                await Assert.ThrowsAnyAsync<Exception>(() => ledger.Follower.StepAsync(Cancel));
                await AssertReportsAsync(ledger, traffic.Memory);
                if (!before)
                {
                    await ledger.DisposeAsync();
                    ledger = Open(fresh: false);
                }

                MendCounted(table);
                Assert.Equal("", string.Join("\n", await FollowAsync(ledger)));
                await AssertReportsAsync(ledger, traffic.Memory);
                var all = new Core.Ledger.Recounts.RecountQuery(ledger.Read.Org("acme")!, Instant.UnixEpoch, Instant.EndOfTime);
                Assert.Equal(calls, (await ledger.Read.ToolHoursAsync(all, Cancel)).Sum(hour => hour.Calls));
            }
        }

        await ledger.DisposeAsync();
        AssertVerified();
    }

    // Goal: lines of another state of the ledger are never taken for this one's. Method: the position is emptied, or names a commit that the chain does not
    // have, or not with this hash.
    [Theory]
    [InlineData("DELETE FROM recounts; DELETE FROM recount_statuses; DELETE FROM recount_months; DELETE FROM usage_hours; DELETE FROM usage_id_runs; DELETE FROM usage_id_blocks; DELETE FROM usage_sketches; DELETE FROM tool_hours; DELETE FROM recount_costs; DELETE FROM follower")]
    [InlineData("DELETE FROM follower")]
    [InlineData("UPDATE follower SET commit_no = commit_no + 1000")]
    [InlineData("UPDATE follower SET commit_no = commit_no - 1")]
    public async Task Q2_reports_stay_exact_and_the_follower_counts_anew_where_its_position_is_not_of_this_chain(string damage)
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var traffic = new FollowedTraffic(Clock);
        await traffic.RunAsync(ledger, 30);
        await FollowAsync(ledger);
        TamperCounted(damage);
        await AssertReportsAsync(ledger, traffic.Memory);
        await traffic.RunAsync(ledger, 5);
        await AssertReportsAsync(ledger, traffic.Memory);
        Assert.Equal("", string.Join("\n", await FollowAsync(ledger)));
        Assert.Equal(0, ledger.Follower.Standing.RowsBehind);
        await AssertReportsAsync(ledger, traffic.Memory);
        await ledger.DisposeAsync();
        AssertVerified();
    }

    [Fact]
    public async Task Q2_a_reset_follower_counts_everything_anew()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var traffic = new FollowedTraffic(Clock);
        await traffic.RunAsync(ledger, 30);
        await FollowAsync(ledger);
        await ledger.Follower.ResetAsync(Cancel);
        await AssertReportsAsync(ledger, traffic.Memory);
        var rows = (await ledger.Follower.StepAsync(Cancel)).Rows;
        Assert.Equal(traffic.Memory.Usage.Count + traffic.Memory.Postings.Count, rows);
        await AssertReportsAsync(ledger, traffic.Memory);
    }

    // Goal: labels and orgs of later commits are known when their rows are counted, though a step that ended before them has seen the labels already. Method:
    // the follower is behind by more rows than it counts in a step, and an org comes after them.
    [Fact]
    public async Task An_org_that_comes_after_the_end_of_a_step_is_counted_by_the_next()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        for (var batch = 0; batch < 7; batch++)
        {
            var first = batch * 4_000;
            await ledger.SubmitAsync([.. Enumerable.Range(first + 1, 4_000).Select(id => Make.Charge(id, 0, at: Clock.Now))], Cancel);
        }

        await ledger.SubmitAsync(Make.OpenOrg("gamma"), Cancel);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Charge(99_999, 0, Make.Labels("gamma"), at: Clock.Now), Cancel));
        if (ledger is Storage.Sqlite.SqliteLedger embedded) await embedded.FlushAsync();
        Assert.False((await ledger.Follower.StepAsync(Cancel)).IsCurrent);
        Assert.Empty(await FollowAsync(ledger));
        var sums = await ledger.Read.SumsAsync(new(ledger.Read.Org("gamma")!, Instant.UnixEpoch, Instant.EndOfTime), Cancel);
        Assert.Equal(1, Assert.Single(sums).Sums.Attempts);
    }

    // Goal: a figure that a bug or a hand moved is reported as soon as there is traffic in it. Method: each kind of figure is changed in the closed store.
    [Theory]
    [InlineData("UPDATE cells SET charge = charge + 1 WHERE attribution = 1", "cell_drift", 8)]
    [InlineData("UPDATE cells SET output_tokens = output_tokens + 5 WHERE attribution = 1", "cell_drift", 7)]
    [InlineData("UPDATE windows SET posted = posted + 1", "counter_drift", 8)]
    [InlineData("UPDATE accounts SET credits = credits + 1 WHERE no = 1", "quota_mismatch", 301 - 7)]
    public async Task Q3_a_figure_that_was_changed_is_reported_by_the_first_step_after_more_traffic(string damage, string code, long left)
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var labels = Make.Labels(team: "red");
        await ledger.SubmitAsync(Make.Charge(1, 3, labels, at: Clock.Now), Cancel);
        Assert.Empty(await FollowAsync(ledger));
        await ledger.DisposeAsync();
        Tamper(damage);
        ledger = Open(fresh: false);
        await ledger.SubmitAsync(Make.Charge(2, 4, labels, at: Clock.Now), Cancel);
        if (ledger is Storage.Sqlite.SqliteLedger embedded) await embedded.FlushAsync();
        var drift = Assert.Single((await ledger.Follower.StepAsync(Cancel)).Drifts);

        Assert.Equal((code, "acme", left), (drift.Code.Name, drift.Scope.Org, (long)drift.Left!.Value.Nanos));
        Assert.IsType<Repair.Rebuild>(drift.Repair);
        switch (code)
        {
            case "cell_drift":
                Assert.Equal(("red", new Instant(Clock.Now.UnixMicros - Clock.Now.UnixMicros % Instant.MicrosPerHour)), (drift.Scope.Team, drift.Scope.At));
                break;
            case "counter_drift":
                Assert.Equal(new Instant(Clock.Now.UnixMicros - Clock.Now.UnixMicros % (24 * Instant.MicrosPerHour)), drift.Scope.At);
                break;
        }

        await ledger.DisposeAsync();
    }

    [Fact]
    public async Task Q3_a_cell_that_is_changed_while_the_ledger_is_open_is_reported()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.Charge(1, 3, at: Clock.Now), Cancel);
        Assert.Empty(await FollowAsync(ledger));
        Tamper("UPDATE cells SET charge = charge + 1");
        await ledger.SubmitAsync(Make.Charge(2, 4, at: Clock.Now), Cancel);
        Assert.StartsWith("cell_drift: ", Assert.Single(await FollowAsync(ledger)), StringComparison.Ordinal);
    }

    // Goal: L8 for what was counted: each wrong line is named with its org, span, time and labels, and what makes it right again. Method: one line at a time.
    [Theory]
    [InlineData("UPDATE recounts SET charge = charge + 1 WHERE org = 1 AND span = 1 AND attribution = 1",
        $"recounts: acme, day from 2026-03-10T00:00:00.000000Z, {Red} has charge 0.000000008, its rows come to 0.000000007.")]
    [InlineData("UPDATE recounts SET output_tokens = 3 WHERE org = 1 AND span = 0 AND attribution = 1",
        $"recounts: acme, hour from 2026-03-10T12:00:00.000000Z, {Red} has output_tokens 3, its rows come to 10.")]
    [InlineData("DELETE FROM recount_statuses WHERE span = 1",
        $"recount_statuses: acme, day from 2026-03-10T00:00:00.000000Z, {Red}, status 200, without Correlation, Trace, Workflow, EndUser is missing.")]
    [InlineData("UPDATE recount_months SET top_ups = top_ups - 1 WHERE org = 1",
        "recount_months: acme, month from 2026-03-01T00:00:00.000000Z has top_ups 0.000000299, its rows come to 0.0000003.")]
    [InlineData("UPDATE recount_months SET start_at = 0 WHERE org = 1",
        "recount_months: acme, month from 1970-01-01T00:00:00.000000Z has no row that counts there.")]
    [InlineData("DELETE FROM usage_hours WHERE attribution = 1",
        $"usage_hours: hour from 2026-03-10T12:00:00.000000Z, {Red}, status 200 lists no rows, but 2 rows count there.")]
    [InlineData("UPDATE usage_hours SET start_at = 0 WHERE attribution = 1",
        $"usage_hours: hour from 1970-01-01T00:00:00.000000Z, {Red}, status 200 lists rows, but no row counts there.")]
    [InlineData("UPDATE usage_hours SET part = 1 WHERE attribution = 1",
        $"usage_hours: hour from 2026-03-10T12:00:00.000000Z, {Red}, status 200 lists other rows than those that count there.")]
    [InlineData("DELETE FROM usage_id_runs", "usage_id_runs: 2 usage rows are in no run, the first is usage 1.")]
    [InlineData("UPDATE usage_id_runs SET first_usage = 2", "usage_id_runs: 1 usage rows are in no run, the first is usage 1.")]
    [InlineData("DELETE FROM usage_id_blocks", "usage_id_runs: run of usage 1 to 2 does not list usage 1 under its operation_id; 2 entries are missing.")]
    [InlineData("UPDATE usage_id_blocks SET id_key = id_key + 1",
        "usage_id_runs: run of usage 1 to 2 lists usage 1 under an id that it does not have.")]
    [InlineData("UPDATE usage_id_runs SET entry_count = 3", "usage_id_runs: run of usage 1 to 2 has 3 entries in its list, and others in its blocks.")]
    [InlineData("UPDATE usage_sketches SET attempts = attempts + 1 WHERE org = 1",
        $"usage_sketches: acme, hour from 2026-03-10T12:00:00.000000Z, {Red} has attempts 3, its rows come to 2.")]
    [InlineData("UPDATE usage_sketches SET input_tokens = output_tokens, output_tokens = input_tokens WHERE org = 1",
        $"usage_sketches: acme, hour from 2026-03-10T12:00:00.000000Z, {Red} has other input_tokens than its rows come to.")]
    [InlineData("UPDATE usage_sketches SET output_tokens = input_tokens WHERE org = 1",
        $"usage_sketches: acme, hour from 2026-03-10T12:00:00.000000Z, {Red} has other output_tokens than its rows come to.")]
    [InlineData("UPDATE usage_sketches SET start_at = 0 WHERE org = 1",
        $"usage_sketches: acme, hour from 1970-01-01T00:00:00.000000Z, {Red} has no row that counts there.")]
    [InlineData("DELETE FROM usage_sketches WHERE org = 1", $"usage_sketches: acme, hour from 2026-03-10T12:00:00.000000Z, {Red} is missing.")]
    [InlineData("UPDATE tool_hours SET failures = failures + 1",
        "tool_hours: acme, hour from 2026-03-10T12:00:00.000000Z, feature (none), tool read_file has failures 1, its rows come to 0.")]
    [InlineData("UPDATE tool_hours SET tool = 'x'",
        "tool_hours: acme, hour from 2026-03-10T12:00:00.000000Z, feature (none), tool x has no row that counts there.")]
    [InlineData("DELETE FROM tool_hours", "tool_hours: acme, hour from 2026-03-10T12:00:00.000000Z, feature (none), tool read_file is missing.")]
    public async Task L8_verify_names_each_line_that_is_not_what_its_rows_come_to(string damage, string named)
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        foreach (var id in (int[])[3, 4]) await ledger.SubmitAsync(Make.Charge(id, id, Make.Labels(team: "red"), at: Clock.Now), Cancel);
        await ledger.SubmitAsync(Recorded("acme", CallAt(1, Clock.Now)), Cancel);
        await FollowAsync(ledger);
        await ledger.SubmitAsync(Make.Charge(5, 5, Make.Labels(team: "red"), at: Clock.Now), Cancel);
        await ledger.DisposeAsync();
        AssertVerified();
        TamperCounted(damage);

        var report = await VerifyAsync();
        var broken = report.Checks.Single(check => check.Id == "derived");
        Assert.True(broken.Checked > 0);
        Assert.Contains($"{named} Run tieout rebuild derived.", broken.Rows);
        Assert.All(report.Checks.Where(check => check.Id is not ("derived" or "M3")), check => Assert.Empty(check.Rows));

        ledger = Open(fresh: false);
        await ledger.Follower.ResetAsync(Cancel);
        await FollowAsync(ledger);
        await ledger.DisposeAsync();
        AssertVerified();
    }
}
