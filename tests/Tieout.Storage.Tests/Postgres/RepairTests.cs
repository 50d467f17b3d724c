using System.Diagnostics;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;
using Tieout.Storage.Reconciliation;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>Reconciliation on several nodes: each may run it, correct by it, and has what another corrected.</summary>
public sealed class RepairTests(ITestOutputHelper output)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Instant Now => Instant.From(DateTimeOffset.UtcNow);

    // Goal: a figure that was off is right on every node, whether a node took the wrong one into its memory, has the right one, or wrote that over the
    // drift since it was measured. Method: each of these in turn, two nodes, then both charge.
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task R1_L4_a_figure_rebuilt_on_one_node_is_right_on_the_other(bool isTakenIn, bool isCharged)
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using var left = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Charge(1, 100, at: Now)]) Assert.IsType<Outcome.Done>(await left.SubmitAsync(command, Cancel));
        var before = isTakenIn ? null : await PostgresLedger.OpenAsync(store);
        Tamper(store, "UPDATE accounts SET credits = credits + 5000 WHERE org = 'acme' AND kind = 0");
        Tamper(store, "UPDATE windows SET posted = posted - 40");
        await using var right = before ?? await PostgresLedger.OpenAsync(store);

        var found = await FiguresAsync(left, full: true);
        Assert.Equal([("counter_drift", -40), ("quota_mismatch", 5_000)], found.Select(finding => (finding.Code.Name, finding.Difference!.Value.Nanos)).Order());
        if (isCharged) Assert.IsType<Outcome.Done>(await right.SubmitAsync(Make.Charge(2, 10, at: Now), Cancel));
        await left.RepairAsync([.. found.Select(finding => ((Repair.Rebuild)finding.Repair).Drift)]);

        var spent = isCharged ? 110 : 100;
        foreach (var node in (PostgresLedger[])[left, right])
        {
            Assert.Empty(await FiguresAsync(node, full: false));
            Assert.Equal((1_000 - spent, spent), (node.Read.Balance("acme")!.Balance.Nanos, node.Read.SpentToday("acme", Now).Nanos));
        }

        Assert.IsType<Outcome.Done>(await right.SubmitAsync(Make.Charge(3, 1, at: Now), Cancel));
        Assert.IsType<Outcome.Done>(await left.SubmitAsync(Make.Charge(4, 1, at: Now), Cancel));
        Assert.Equal(1_000 - spent - 2, left.Read.Balance("acme")!.Balance.Nanos);
        PostgresVerified.Clean(store);
    }

    // Goal: what only a node's memory says wrongly is found by that node, since its readers are shown it, and put right. Method: its book is changed behind its back.
    [Fact]
    public async Task R1_Q1_what_a_node_shows_is_compared_too()
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using var ledger = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Charge(1, 100, at: Now)]) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        ledger.Buckets[ledger.Layout.Of("acme")].Read(book =>
        {
            var wrong = book.Account(1).Copy();
            wrong.Debits -= new Core.Money.Amount(30);
            book.Recall(wrong);
            return true;
        });
        var finding = Assert.Single(await FiguresAsync(ledger, full: true));
        Assert.Equal(("quota_mismatch", 30), (finding.Code.Name, finding.Difference!.Value.Nanos));
        await ledger.RepairAsync([((Repair.Rebuild)finding.Repair).Drift]);
        Assert.Equal(900, ledger.Read.Balance("acme")!.Balance.Nanos);
        Assert.Empty(await FiguresAsync(ledger, full: false));
        PostgresVerified.Clean(store);
    }

    // Goal: what came since the last run is looked at in under a second, buckets, figures and all. Method: 20,000 charges of 40 orgs, then a few more.
    [Fact]
    public async Task An_incremental_run_takes_under_a_second()
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using var ledger = await PostgresLedger.OpenAsync(store);
        var at = Now;
        var orgs = Enumerable.Range(0, 40).Select(org => $"org-{org}").ToList();
        foreach (var org in orgs)
        {
            foreach (var command in (Command[])[Make.OpenOrg(org), Make.TopUp(1_000_000, org: org)]) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        }

        await ledger.SubmitAsync([.. Enumerable.Range(1, 20_000).Select(id => Make.Charge(id, 0, Make.Labels(orgs[id % orgs.Count]), at: at))], Cancel);
        var took = new List<TimeSpan>();
        for (var run = 0; run < 4; run++)
        {
            var began = Stopwatch.StartNew();
            var report = await ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Now, Full: run == 0), Cancel);
            took.Add(began.Elapsed);
            Assert.Empty(report.Findings);
            await ledger.SubmitAsync(Make.Charge(30_000 + run, 0, Make.Labels(orgs[run]), at: at), Cancel);
        }

        output.WriteLine(string.Join(", ", took));
        Assert.True(took.Skip(1).Min() < TimeSpan.FromSeconds(1), string.Join(", ", took));
    }

    private static void Tamper(string store, string sql) => PostgresServer.Instance.Sql(new Uri(store).AbsolutePath[1..], sql);

    private static async Task<List<Finding>> FiguresAsync(PostgresLedger ledger, bool full) =>
        [.. (await ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Now, Full: full), Cancel)).Findings.Where(finding => finding.Repair is Repair.Rebuild)];
}
