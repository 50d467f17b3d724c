using System.Diagnostics;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
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
        var store = PostgresServer.Instance.NewStore();
        await using var left = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Charge(1, 100, at: Now)])
        {
            Assert.IsType<Outcome.Done>(await left.SubmitAsync(command, Cancel));
        }

        var before = isTakenIn ? null : await PostgresLedger.OpenAsync(store);
        Tamper(store, "UPDATE accounts SET credits = credits + 5000 WHERE org = 'acme' AND kind = 0");
        Tamper(store, "UPDATE windows SET posted = posted - 40");
        await using var right = before ?? await PostgresLedger.OpenAsync(store);

        var found = await FiguresAsync(left, full: true);
        Assert.Equal(
            [("counter_drift", -40), ("quota_mismatch", 5_000)], found.Select(finding => (finding.Code.Name, finding.Difference!.Value.Nanos)).Order());
        if (isCharged) Assert.IsType<Outcome.Done>(await right.SubmitAsync(Make.Charge(2, 10, at: Now), Cancel));
        await left.RepairAsync([.. found.Select(finding => ((Repair.Rebuild)finding.Repair).Drift!)]);

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

    // Goal: what only a node's memory says wrongly is found by that node, since its readers are shown it, and put right. Method: its book is changed behind its
    // back.
    [Fact]
    public async Task R1_Q1_what_a_node_shows_is_compared_too()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var ledger = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(1_000), Make.Charge(1, 100, at: Now)])
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        }

        ledger.Buckets[ledger.Layout.Of("acme")].Read(book =>
        {
            var wrong = book.Account(1).Copy();
            wrong.Debits -= new Core.Money.Amount(30);
            book.Recall(wrong);
            return true;
        });
        var finding = Assert.Single(await FiguresAsync(ledger, full: true));
        Assert.Equal(("quota_mismatch", 30), (finding.Code.Name, finding.Difference!.Value.Nanos));
        await ledger.RepairAsync([((Repair.Rebuild)finding.Repair).Drift!]);
        Assert.Equal(900, ledger.Read.Balance("acme")!.Balance.Nanos);
        Assert.Empty(await FiguresAsync(ledger, full: false));
        PostgresVerified.Clean(store);
    }

    // Goal: A2 over buckets: an attempt of one org's envelope that a bug charged to another org, in that org's bucket, is one finding, and its correction
    // brings it to zero. Method: the hold and its lineage are acme's, the charge of the same attempt is made to beta.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A2_R1_a_charge_in_another_orgs_bucket_than_its_envelopes_is_found(bool isSettled)
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using var ledger = await PostgresLedger.OpenAsync(store);
        Assert.NotEqual(ledger.Layout.Of("acme"), ledger.Layout.Of("beta"));
        foreach (var command in (Command[])[Make.OpenOrg(), Make.OpenOrg("beta"), Make.TopUp(1_000), Make.TopUp(1_000, org: "beta")])
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        }

        var id = Make.Id(1);
        var hold = new Command.PlaceHold(id, Make.Labels(), null, "op", new(20), TimeSpan.FromHours(1)) { Lineage = Make.Step(null, id.ToString()) };
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(hold, Cancel));
        Assert.Empty((await RunAsync(ledger, full: true)).Findings);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Release(id), Cancel));
        Tamper(store, isSettled ? "UPDATE hold_ends SET state = 1" : "UPDATE hold_ends SET state = 3");
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Charge(Unpriced(id, "beta"), Fact: true), Cancel));

        foreach (var full in (bool[])[false, true])
        {
            var finding = Assert.Single(
                (await RunAsync(ledger, full)).Findings, finding => finding.Code != FindingCode.HashBreak && finding.Code != FindingCode.Unpriced);
            Assert.Equal((FindingCode.IdentityRebind, "beta"), (finding.Code, finding.Scope.Org));
            if (!full) continue;
            foreach (var command in Correction.Of(finding, Decision.None).Commands) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        }

        foreach (var full in (bool[])[false, true])
        {
            Assert.DoesNotContain(
                (await RunAsync(ledger, full)).Findings, finding => finding.Code == FindingCode.IdentityRebind || finding.Code == FindingCode.MissingUsage);
        }

        Assert.Equal((970, 1_000), (ledger.Read.Balance("acme")!.Balance.Nanos, ledger.Read.Balance("beta")!.Balance.Nanos));
    }

    // Goal: findings of identity are bounded as the others are, apart from them, and none is lost. Method: five charges in another org than their envelope's,
    // in one bucket and in two,
    // and runs that name three of them at most: what is accepted makes room for the rest.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A2_R1_findings_of_identity_beyond_a_runs_limit_are_the_next_runs(bool isElsewhere)
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using var ledger = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.OpenOrg("beta"), Make.TopUp(1_000), Make.TopUp(1_000, org: "beta")])
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
        }

        foreach (var number in Enumerable.Range(1, 5))
        {
            var id = Make.Id(number);
            var hold = new Command.PlaceHold(
                id, Make.Labels(), null, "op", new(20), TimeSpan.FromHours(1))
            { Lineage = Make.Step(null, id.ToString(), $"i-{number}") };
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(hold, Cancel));
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(isElsewhere ? new Command.Release(id) : new Command.Settle(Unpriced(id, "acme")), Cancel));
            if (isElsewhere) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Charge(Unpriced(id, "beta"), Fact: true), Cancel));
        }

        Tamper(store, isElsewhere ? "UPDATE hold_ends SET state = 3" : "UPDATE lineage SET org = 'beta'");
        var first = await RunAsync(full: true, accepted: []);
        Assert.Equal((3, 2), (first.Ids.Count, first.More));
        var next = await RunAsync(full: false, [.. first.Ids]);
        Assert.Equal((2, 0), (next.Ids.Count, next.More));
        Assert.Empty(next.Ids.Intersect(first.Ids));

        async Task<(List<string> Ids, long More)> RunAsync(bool full, HashSet<string> accepted)
        {
            var query = new BookQuery(new Instances([], (_, _) => Make.Id(77)), RuntimeDue: null, Now, Full: full, Accepted: accepted, Most: 3);
            var report = await ledger.Read.ReconcileAsync(query, Cancel);
            return ([.. report.Findings.Where(finding => finding.Code == FindingCode.IdentityRebind).Select(finding => finding.Id)],
                report.More - Unnamed(report));
        }

        // Unpriced charges are findings of their own, with a limit of their own.
        static long Unnamed(BookReport report) => 5 - report.Findings.Count(finding => finding.Code == FindingCode.Unpriced);
    }

    // Goal: a run that goes on looks at what came since and at figures, and at no row twice. Method: 20,000 charges of 40 orgs, then one before each run; how
    // long it takes is written out, not asserted: the machine is shared.
    [Fact]
    public async Task A_run_that_goes_on_looks_at_no_row_twice()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var ledger = await PostgresLedger.OpenAsync(store);
        var at = Now;
        var orgs = Enumerable.Range(0, 40).Select(org => $"org-{org}").ToList();
        foreach (var org in orgs)
        {
            foreach (var command in (Command[])[Make.OpenOrg(org), Make.TopUp(1_000_000, org: org)])
            {
                Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
            }
        }

        await ledger.SubmitAsync([.. Enumerable.Range(1, 20_000).Select(id => Make.Charge(id, 0, Make.Labels(orgs[id % orgs.Count]), at: at))], Cancel);
        var (took, seen) = (new List<TimeSpan>(), new List<long>());
        for (var run = 0; run < 4; run++)
        {
            var began = Stopwatch.StartNew();
            var report = await ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Now, Full: run == 0), Cancel);
            took.Add(began.Elapsed);
            seen.Add(report.Checked);
            Assert.Empty(report.Findings);
            await ledger.SubmitAsync(Make.Charge(30_000 + run, 0, Make.Labels(orgs[run]), at: at), Cancel);
        }

        output.WriteLine(string.Join(", ", took));
        Assert.All(seen.Skip(1), rows => Assert.InRange(rows, 1, seen[0] - 40_000 + 10));
    }

    private static void Tamper(string store, string sql) => PostgresServer.Instance.Sql(new Uri(store).AbsolutePath[1..], sql);

    private static PricedUsage Unpriced(Core.Metering.AttemptId id, string org)
    {
        var like = Make.Priced(1, 30, Make.Labels(org), at: Now);
        return like with { Usage = like.Usage with { Id = id }, Price = null };
    }

    private static Task<BookReport> RunAsync(PostgresLedger ledger, bool full) =>
        ledger.Read.ReconcileAsync(new(new Instances([], (_, _) => Make.Id(77)), RuntimeDue: null, Now, Full: full), Cancel);

    private static async Task<List<Finding>> FiguresAsync(PostgresLedger ledger, bool full) =>
        [.. (await ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Now, Full: full), Cancel)).Findings.Where(
            finding => finding.Repair is Repair.Rebuild)];
}
