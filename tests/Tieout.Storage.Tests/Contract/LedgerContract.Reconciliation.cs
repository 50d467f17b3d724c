using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Reconciliation;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Contract;

/// <summary>A book that no bug has touched reconciles with itself, whatever happened in it.</summary>
public abstract partial class LedgerContract
{
    /// <summary>What a sound book may have: overspending, and what histories do that no gateway does (charge what they like, leave holds open).</summary>
    private static readonly HashSet<FindingCode> OfHistories = [FindingCode.Overrun, FindingCode.UsageAboveCeiling, FindingCode.Mispriced,
        FindingCode.OrphanHold, FindingCode.Unattributed];

    [Fact]
    public void R1_any_history_reconciles_with_itself() => ForAnyHistory(async (steps, memory) =>
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var count = 0;
        BookReport since;
        foreach (var step in steps)
        {
            await TakeAsync(ledger, memory, step);
            if (++count % 5 == 0) since = await RunAsync(ledger, full: false);
        }

        // Looked at bit by bit or at once, it is the same.
        since = await RunAsync(ledger, full: false);
        var report = await RunAsync(ledger, full: true);
        Assert.Equal(report.Findings.Select(finding => (finding.Id, finding.Difference)).Order(),
            since.Findings.Select(finding => (finding.Id, finding.Difference)).Order());
        Assert.Equal([], report.Findings.Where(finding => !OfHistories.Contains(finding.Code)).Select(finding => $"{finding.Id}: {finding.Cause}"));
        Assert.Equal(ledger.Read.AsOf, report.AsOf);
        Assert.True(report.Checked > 0);
    });

    [Fact]
    public async Task R1_a_wrong_price_is_found_and_its_correction_brings_it_to_zero()
    {
        await using var ledger = Open(fresh: true);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(300, "start"), Make.Charge(1, 30, at: Clock.Now, fact: true)])
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, TestContext.Current.CancellationToken));
        }

        var finding = Assert.Single(await FindAsync(ledger, FindingCode.Mispriced));
        Assert.Equal((new Amount(30), Amount.Zero, new Amount(30)), (finding.Left, finding.Right, finding.Difference));
        var correction = Correction.Of(finding, Decision.None);
        foreach (var command in correction.Commands) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, TestContext.Current.CancellationToken));
        foreach (var command in correction.Commands) Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(command, TestContext.Current.CancellationToken));

        Assert.Empty(await FindAsync(ledger, FindingCode.Mispriced));
        Assert.Equal(new Amount(300), ledger.Read.Balance("acme")!.Balance);
    }

    [Fact]
    public async Task L3_L6_a_recorded_charge_needs_its_record_and_counts_once()
    {
        await using var ledger = Open(fresh: true);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.OpenOrg("beta"), Make.Charge(1, 30, at: Clock.Now, fact: true)])
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, TestContext.Current.CancellationToken));
        }

        foreach (var (org, usage) in (ReadOnlySpan<(string, long)>)[("acme", 7), ("beta", 1)])
        {
            Assert.Equal(Refusal.PostingNotFound, Assert.IsType<Outcome.Refused>(Submit(new Command.ChargeRecorded("fix", org, usage, "finding"))).Reason);
        }

        Assert.IsType<Outcome.Done>(Submit(new Command.ChargeRecorded("fix", "acme", 1, "finding")));
        Assert.IsType<Outcome.Replayed>(Submit(new Command.ChargeRecorded("fix", "acme", 1, "finding")));
        Assert.Equal(Refusal.IdReused, Assert.IsType<Outcome.Refused>(Submit(new Command.ChargeRecorded("fix", "acme", 1, "other"))).Reason);
        Assert.Equal(new Amount(-60), ledger.Read.Balance("acme")!.Balance);

        // It was charged already, so that is what a run says of it.
        var again = Assert.Single(await FindAsync(ledger, FindingCode.DuplicateCharge));
        Assert.Equal(new Amount(30), again.Difference);

        Outcome Submit(Command command) => ledger.SubmitAsync(command, TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult();
    }

    // Goal: accounts, windows, counters and cells are put back to what their rows come to, whatever was charged between the look and the repair. Method: one of
    // each is changed behind the ledger's back, with grants, holds and a budget at work; then more is spent before each is rebuilt.
    [Fact]
    public async Task R1_L4_B2_figures_that_drifted_are_rebuilt_from_their_rows()
    {
        await using (var ledger = Open(fresh: true))
        {
            await BeginAsync(ledger);
            foreach (var command in (Command[])[Make.Budget(5_000, window: Core.Budgets.WindowUnit.Month),
                new Command.Grant("gift", "acme", new(50), 1, Clock.Now + TimeSpan.FromHours(1)), Make.Charge(1, 30, at: Clock.Now, fact: true)])
            {
                await DoAsync(ledger, command);
            }
        }

        Tamper("UPDATE accounts SET credits = credits + 700, version = version + 1 WHERE no = 1");
        Tamper("UPDATE windows SET posted = posted + 9 WHERE budget = 1");
        Tamper("DELETE FROM windows WHERE budget = 3");
        Tamper("UPDATE cells SET charge = charge - 11, attempts = attempts + 1");
        await using (var ledger = Open(fresh: false))
        {
            var found = (await RunAsync(ledger, full: true)).Findings.Where(finding => finding.Repair is Repair.Rebuild).ToList();
            Assert.Equal(
                [("cell_drift", -11), ("counter_drift", 9), ("quota_mismatch", 700), ("window_drift", -30)],
                found.Select(finding => (finding.Code.Name, finding.Difference!.Value.Nanos)).Order());
            foreach (var command in (Command[])[Make.Charge(3, 60, at: Clock.Now, fact: true), Held(2), Held(4), Make.Settle(2, 10, at: Clock.Now),
                new Command.ExpireGrant("acme", "gift")])
            {
                await ledger.SubmitAsync(command, Cancel);
            }

            // A further run goes on with the sums of the one before; what that one said stays as it was.
            await RunAsync(ledger, full: false);
            foreach (var finding in found) await ledger.RepairAsync([((Repair.Rebuild)finding.Repair).Drift!]);
            foreach (var full in (bool[])[false, true])
            {
                Assert.DoesNotContain((await RunAsync(ledger, full)).Findings, finding => finding.Repair is Repair.Rebuild);
            }

            await DoAsync(ledger, Make.Charge(5, 1, at: Clock.Now, fact: true));
            var account = ledger.Read.Balance("acme")!;
            Assert.Equal((300 + 50 - 101, 20), (account.Balance.Nanos, account.Held.Nanos));
            Assert.Equal(101, ledger.Read.SpentToday("acme", Clock.Now).Nanos);
        }

        AssertVerified();

        Command Held(int id) => new Command.PlaceHold(Make.Id(id), Make.Labels(), null, $"op{id}", new(20), TimeSpan.FromHours(1));
    }

    // Goal: an attempt that its envelope's lineage tells of has usage, or is in flight, or was called off; else it is missing. Method: one of each, looked at
    // after every step by a run that goes on and by one from the first row.
    [Fact]
    public async Task M1_R1_an_attempt_in_a_lineage_without_usage_is_found_until_its_usage_comes()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        LineageRow? last = null;
        foreach (var id in (int[])[1, 2, 3]) await DoAsync(ledger, Held(id));
        await MissingAsync();
        await DoAsync(ledger, new Command.Release(Make.Id(1)));
        await DoAsync(ledger, Make.Settle(2, 0, at: Clock.Now));
        await MissingAsync();
        Clock.Now += TimeSpan.FromHours(1);
        await DoAsync(ledger, new Command.ExpireHold(Make.Id(3)));
        await MissingAsync(Make.Id(3));

        // A person says what it came to, or its usage comes after all: both are that usage.
        var finding = Assert.Single(await FindAsync(ledger, FindingCode.MissingUsage));
        Assert.Equal((null, null), (finding.Left, finding.Right));
        foreach (var command in Correction.Of(finding, new(Amount: new(7))).Commands) await DoAsync(ledger, command);
        await MissingAsync();
        Assert.Equal(new Amount(293), ledger.Read.Balance("acme")!.Balance);

        Command Held(int id)
        {
            var step = Make.Step(last, Make.Id(id).ToString());
            last = step.Row;
            return new Command.PlaceHold(Make.Id(id), Make.Labels(), null, "op", new(20), TimeSpan.FromMinutes(30)) { Lineage = step };
        }

        async Task MissingAsync(params AttemptId[] ids)
        {
            foreach (var full in (bool[])[false, true])
            {
                Assert.Equal(ids,
                    (await RunAsync(ledger, full)).Findings.Where(finding => finding.Code == FindingCode.MissingUsage).Select(
                        finding => finding.Scope.Usage!.Value));
            }
        }
    }

    // Goal: what is beyond a run's findings is counted, and is the next run's when there is room. Method: a hundred too many, of which two hundred are
    // accepted.
    [Fact]
    public async Task R1_odd_rows_beyond_a_runs_findings_are_the_next_runs()
    {
        await using var ledger = Open(fresh: true);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(100_000)]) await DoAsync(ledger, command);
        var outcomes =
            await ledger.SubmitAsync([.. Enumerable.Range(1, BookQuery.FindingsMax + 100).Select(id => Make.Charge(id, 1, at: Clock.Now, fact: true))], Cancel);
        Assert.All(outcomes, outcome => Assert.IsType<Outcome.Done>(outcome));
        var first = await RunAsync(ledger, full: true);
        Assert.Equal((BookQuery.FindingsMax, 100), (first.Findings.Count, first.More));

        var accepted = first.Findings.Take(200).Select(finding => finding.Id).ToHashSet();
        var next = await ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Clock.Now, Full: false, Accepted: accepted), Cancel);
        Assert.Equal((BookQuery.FindingsMax - 100, 0), (next.Findings.Count, next.More));
        Assert.DoesNotContain(next.Findings, finding => accepted.Contains(finding.Id));
    }

    private static async Task DoAsync(ILedger ledger, Command command) => Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));

    private Task<BookReport> RunAsync(ILedger ledger, bool full) =>
        ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Clock.Now, Full: full), TestContext.Current.CancellationToken);

    private async Task<IReadOnlyList<Finding>> FindAsync(ILedger ledger, FindingCode code) =>
        [.. (await ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Clock.Now), TestContext.Current.CancellationToken)).Findings.Where(
            finding => finding.Code == code)];
}
