using Microsoft.Extensions.Logging.Abstractions;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway;
using Tieout.Server.Http;
using Tieout.Server.Pricing;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Postgres;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary>A correction reads the finding's record, carries its repair out and closes it in the same commit: on any node, after any restart, without a run
/// (R1).</summary>
public sealed class FindingCorrectionTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Goal: no second run, and no moment between the correction and the closing. Method: one ledger finds a wrong charge; another, opened on the same store,
    // corrects it.
    // A second wrong charge, which the second ledger would find if it ran, gets no record; the posting, the closing and the audit record have the time of one
    // commit.
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task R1_another_ledger_of_the_same_store_corrects_and_closes_in_one_commit_without_a_run(string kind)
    {
        using var store = new Store(kind);
        string id;
        await using (var first = await store.OpenAsync())
        {
            await BeginAsync(first);
            await ChargeAsync(first, "5");
            id = Assert.Single((await Run(first).RunAsync(FindingFilter.All, full: false, Cancel)).Findings).Id;
        }

        await using var ledger = await store.OpenAsync();
        await ChargeAsync(ledger, "7");
        var commit = ledger.Read.AsOf;
        var corrected = await Correction(ledger).CorrectAsync(id, new(), AdminCallSample.Of("fin"));

        var (posting, kept) = (Assert.Single(corrected.Postings), (await Kept(ledger, id))!);
        Assert.Equal(("corrected", "fin"), (kept.Finding.State, kept.Finding.By));
        var posted = await PostingAsync(ledger, posting);
        var audit = (await ledger.Read.AuditAsync(new("acme", "fin", null, null, null, 10), Cancel)).Select(stored => stored.Row.RecordedAt).ToList();
        Assert.Equal((PostingKind.Reversal, kept.RecordedAt), (posted.Kind, posted.RecordedAt));
        Assert.Contains(kept.RecordedAt, audit);
        Assert.Single(await ledger.Read.AllRecordsAsync(RecordKind.Finding, org: null, Cancel).ToListAsync(Cancel));

        // Evidence before, the correction with its closing, evidence after: three commits.
        Assert.Equal(commit + 3, ledger.Read.AsOf);
        Assert.Equal(ApiError.FindingNotFound,
            (await Assert.ThrowsAsync<ApiRefusedException>(() => Correction(ledger).CorrectAsync(id, new(), AdminCallSample.Of("fin")))).Error);
    }

    // Goal: what the ledger opened itself has no record, and is corrected without a run, too. Method: usage that our own estimate charged; a person says what
    // it cost.
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task R1_a_finding_that_the_ledger_opened_is_corrected_without_a_run(string kind)
    {
        using var store = new Store(kind);
        await using var ledger = await store.OpenAsync();
        await BeginAsync(ledger);
        var usage = await ChargeAsync(ledger, amount: null, UsageBasis.Estimated);
        var id = Finding.IdOf(FindingCode.EstimatedUsage, "acme", Finding.UsageKey(usage));
        Assert.Equal(ApiError.DecisionNeeded,
            (await Assert.ThrowsAsync<ApiRefusedException>(() => Correction(ledger).CorrectAsync(id, new(), AdminCallSample.Of("fin")))).Error);
        Assert.Null(await Kept(ledger, id));

        var corrected = await Correction(ledger).CorrectAsync(id, new(Amount: Amount.Parse("2")), AdminCallSample.Of("fin"));

        Assert.Equal(Amount.Parse("98"), ledger.Read.Balance("acme")!.Balance);
        Assert.Equal("corrected", (await Kept(ledger, id))!.Finding.State);
        Assert.Equal((await PostingAsync(ledger, Assert.Single(corrected.Postings))).RecordedAt, (await Kept(ledger, id))!.RecordedAt);
        Assert.Empty((await Run(ledger).RunAsync(FindingFilter.All, full: true, Cancel)).Findings);
        Assert.Equal("corrected", (await Kept(ledger, id))!.Finding.State);
    }

    // Goal: a refused correction closes nothing, and a closing that comes too late moves no money. Method: an org that a person froze; then a finding that is
    // accepted after it was read.
    [Fact]
    public async Task R1_a_refused_correction_leaves_the_finding_open_and_a_closed_finding_refuses_its_correction()
    {
        using var store = new Store("sqlite");
        await using var ledger = await store.OpenAsync();
        await BeginAsync(ledger);
        await ChargeAsync(ledger, "5");
        var id = Assert.Single((await Run(ledger).RunAsync(FindingFilter.All, full: false, Cancel)).Findings).Id;
        await FreezeAsync(ledger, isFrozen: true);
        var balance = ledger.Read.Balance("acme")!.Balance;

        Assert.Equal(ApiError.AdjustmentsFrozen,
            (await Assert.ThrowsAsync<ApiRefusedException>(() => Correction(ledger).CorrectAsync(id, new(), AdminCallSample.Of("fin")))).Error);
        Assert.Equal(("open", balance), ((await Kept(ledger, id))!.Finding.State, ledger.Read.Balance("acme")!.Balance));

        await FreezeAsync(ledger, isFrozen: false);
        var read = (await new FindingsKept(ledger).OpenAsync(id, Cancel))!;
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(FindingsKept.Close(read, FindingState.Accepted, "ben", "goodwill", Instant.UnixEpoch), Cancel));
        var late = new Command.Together("acme",
            [.. Core.Reconciliation.SelfCheck.Correction.Of(read.Finding, Decision.None).Commands,
                FindingsKept.Close(read, FindingState.Corrected, "ana", null, Instant.UnixEpoch)]);
        Assert.Equal(Refusal.RecordChanged, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(late, Cancel)).Reason);
        Assert.Equal(("accepted", balance), ((await Kept(ledger, id))!.Finding.State, ledger.Read.Balance("acme")!.Balance));
    }

    // Goal: there is no moment between a correction and the closing of its finding. Method: the store breaks at each commit of the call in turn. Whatever
    // is lost, money moved exactly if the finding is closed, and calling again brings the rest.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task R1_a_store_that_breaks_within_a_correction_leaves_it_done_and_closed_or_neither(int commit)
    {
        using var store = new Store("sqlite");
        await using var ledger = new BreakableLedger(await store.OpenAsync());
        await BeginAsync(ledger);
        await ChargeAsync(ledger, "5");
        var id = Assert.Single((await Run(ledger).RunAsync(FindingFilter.All, full: false, Cancel)).Findings).Id;
        var seen = 0;
        ledger.Broken = _ => ++seen >= commit;
        var failure = await Record.ExceptionAsync(() => Correction(ledger).CorrectAsync(id, new(), AdminCallSample.Of("fin")));
        ledger.Repair();

        // Evidence before, correction with closing, evidence after: only what comes before the closing leaves the finding open.
        var isClosed = commit == 3;
        Assert.Equal(isClosed, failure is null);
        Assert.Equal((isClosed, isClosed), ((await Kept(ledger, id))!.Finding.State == "corrected", ledger.Read.Balance("acme")!.Balance > Amount.Parse("95")));
        if (isClosed) return;
        Assert.Single((await Correction(ledger).CorrectAsync(id, new(), AdminCallSample.Of("fin"))).Postings);
        Assert.Equal(("corrected", true), ((await Kept(ledger, id))!.Finding.State, ledger.Read.Balance("acme")!.Balance > Amount.Parse("95")));
    }

    // Goal: a run that read the rows before a correction does not open the finding again. Method: the record is closed while the run counts rows.
    [Fact]
    public async Task R1_a_run_does_not_reopen_what_was_corrected_while_it_ran()
    {
        using var store = new Store("sqlite");
        await using var ledger = await store.OpenAsync();
        await BeginAsync(ledger);
        await ChargeAsync(ledger, "5");
        var id = Assert.Single((await Run(ledger).RunAsync(FindingFilter.All, full: false, Cancel)).Findings).Id;
        var open = (await new FindingsKept(ledger).OpenAsync(id, Cancel))!;
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(FindingsKept.Close(open, FindingState.Corrected, "ana", null, Instant.UnixEpoch), Cancel));
        var stale = FindingsKept.Record("acme", FindingsKept.Opened(open.Finding)) with { Replaces = open.Seq };

        Assert.Equal(Refusal.RecordChanged, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(stale, Cancel)).Reason);
        Assert.Equal("corrected", (await Kept(ledger, id))!.Finding.State);

        // The charge is still wrong here, so the next run, which read the closing, opens it again.
        Assert.Equal(1, (await Run(ledger).RunAsync(FindingFilter.All, full: false, Cancel)).Opened);
        Assert.Equal("open", (await Kept(ledger, id))!.Finding.State);
    }

    private static async Task BeginAsync(ILedger ledger)
    {
        Assert.IsType<Outcome.Done>(
            await ledger.SubmitAsync(new Command.OpenOrg(new Org("acme", "USD", BillingMode.Prepaid, CreditLineNanos: null, "UTC")), Cancel));
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.TopUp("first", "acme", Amount.Parse("100")), Cancel));
    }

    /// <param name="amount">Null: what the price says. Another amount is wrong (M3).</param>
    private static async Task<AttemptId> ChargeAsync(ILedger ledger, string? amount, UsageBasis basis = UsageBasis.Reported)
    {
        var (now, id) = (Instant.From(DateTimeOffset.UtcNow), new AttemptId(Guid.CreateVersion7()));
        var labels = new UsageLabels { Org = "acme", Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway };
        var usage = new UsageRecord(id, labels, "op-1", 1, null, "corr-1", null, "user-1", now, 12, 200, new(100, 40, 0, 20, 5), basis, UsageFlags.None);
        var price = BuiltinPrices.Catalogue.Find("openai", "gpt-4o", now)!;
        var charge = amount is null ? price.Price(usage.Counts).Charge : Amount.Parse(amount);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Charge(new(usage, price, charge, charge), Fact: true), Cancel));
        return id;
    }

    private static async Task FreezeAsync(ILedger ledger, bool isFrozen) =>
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Freezes.Record(new("acme", isFrozen, "audit", "ben", "now")), Cancel));

    private static async Task<Posting> PostingAsync(ILedger ledger, long seq)
    {
        await foreach (var posting in ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), seq - 1, Cancel)) return posting;
        throw new InvalidOperationException($"No posting {seq}.");
    }

    private static Task<KeptRow?> Kept(ILedger ledger, string id) => new FindingsKept(ledger).FindAsync("acme", id, Cancel);

    private static FindingCorrection Correction(ILedger ledger) => new(ledger, Run(ledger), new(ledger, TimeProvider.System), TimeProvider.System);

    private static ReconciliationRun Run(ILedger ledger)
    {
        var spool = new SettlementSpool(
            ledger, new ServerOptions(), new OutageLog(ledger, TimeProvider.System, NullLogger<OutageLog>.Instance), NullLogger<SettlementSpool>.Instance);
        return new(ledger, new CurrentPrices(ledger.Read), spool, new ServerOptions(), TimeProvider.System, NullLogger<ReconciliationRun>.Instance);
    }

    private sealed class Store(string kind) : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tieout-");
        private readonly string? _database = kind == "postgres" ? PostgresServer.Instance.NewStore() : null;

        public async Task<ILedger> OpenAsync() => _database is null ? SqliteLedger.Open(_folder.FullName) : await PostgresLedger.OpenAsync(_database);

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
