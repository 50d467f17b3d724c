using Microsoft.Extensions.Logging.Abstractions;
using Tieout.Core;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Invoicing;
using Tieout.Server.Pricing;
using Tieout.Server.Reconciliation;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Reconciliation.Faults;

/// <summary>Defects planted in copies of a busy store: all of them are found, nothing else is, and corrections bring every difference to zero.</summary>
public sealed class FaultInjectionTests(ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("TIEOUT_LONG") == "1";

    // Goal: precision and recall of 1. Method: a random dozen of faults a round in a fresh copy; the findings are compared with what was planted, by code and
    // amount; each is corrected as it proposes; then nothing is found and verification is clean. TIEOUT_SEED repeats a run.
    [Fact]
    public Task R1_every_planted_fault_is_found_and_nothing_else_and_corrected_to_zero() =>
    RoundsAsync(IsLong ? 100 : 40, folder => Task.FromResult<IFaultyStore>(new FaultyFolder(folder)));

    // Goal: the same on PostgreSQL. Method: what was planted in the file is moved there row by row; faults in figures are planted there.
    [Fact]
    public Task R1_on_PostgreSQL_every_planted_fault_is_found_and_nothing_else_and_corrected_to_zero() =>
    RoundsAsync(IsLong ? 8 : 4, async folder => await FaultyDatabase.MoveAsync(folder));

    private async Task RoundsAsync(int rounds, Func<string, Task<IFaultyStore>> place)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("TIEOUT_SEED"), out var given) ? given : Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var busy = await BusyStore.MakeAsync();
        try
        {
            await RoundAsync(busy, place, new Random(seed), faults: 0, name: "nothing planted");
            for (var round = 0; round < rounds; round++)
            {
                await RoundAsync(busy, place, new Random(seed + round), faults: 12, name: $"round {round} of seed {seed}");
            }
        }
        finally
        {
            busy.Delete(recursive: true);
        }
    }

    private static async Task RoundAsync(DirectoryInfo busy, Func<string, Task<IFaultyStore>> place, Random random, int faults, string name)
    {
        var folder = Directory.CreateTempSubdirectory("tieout-fault-").FullName;
        try
        {
            File.Copy(Path.Combine(busy.FullName, "tieout.db"), Path.Combine(folder, "tieout.db"));
            var before = new FaultyFolder(folder).Charged();
            var (store, planted) = await PlantAsync(folder, place, random, faults);

            await using (var ledger = await store.OpenAsync()) await FoundAsync(ledger, planted, name);
            if (planted.Exists(fault => fault.Code == "hash_break")) store.RestoreDamage();
            await using (var ledger = await store.OpenAsync())
            {
                await CorrectedAsync(ledger, name);
                await AgreesAsync(ledger, name);
            }

            // Nobody is charged more or less than before, but for what the faults themselves left out and a person decided.
            Assert.Equal(before + planted.Sum(fault => fault.More), store.Charged());
            var verified = await store.VerifyAsync(EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText));
            Assert.True(verified.Ok, $"{name}: {string.Join('\n', verified.Checks.SelectMany(check => check.Rows.Select(row => $"{check.Id}: {row}")))}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(IFaultyStore Store, List<Planted> Planted)> PlantAsync(
        string folder, Func<string, Task<IFaultyStore>> place, Random random, int faults)
    {
        var kinds = Enumerable.Range(0, FaultCatalogue.Rows.Count + FaultCatalogue.Figures.Count + 1).ToArray();
        random.Shuffle(kinds);
        var chosen = kinds.Take(faults).Order().ToList();
        var (planted, taken) = (new List<Planted>(), new HashSet<long>());
        using (var file = new FaultyFile(Path.Combine(folder, "tieout.db"), random, taken))
        {
            foreach (var kind in chosen.Where(kind => kind < FaultCatalogue.Rows.Count)) planted.AddRange(FaultCatalogue.Rows[kind].Plant(file));
            file.Seal();
        }

        // A start rebuilds what follows from the rows, faults and all.
        await using (var ledger = SqliteLedger.Open(folder)) await ledger.FlushAsync();
        var store = await place(folder);
        store.Plant(random, taken, file =>
        {
            foreach (var kind in chosen.Where(kind => kind >= FaultCatalogue.Rows.Count))
            {
                var figure = kind - FaultCatalogue.Rows.Count;
                planted.AddRange(figure < FaultCatalogue.Figures.Count ? FaultCatalogue.Figures[figure].Plant(file) : FaultCatalogue.Unsealed(file));
            }
        });
        return (store, planted);
    }

    private static async Task FoundAsync(ILedger ledger, List<Planted> planted, string name)
    {
        var (reconciling, _, _) = Of(ledger);
        var found = (await reconciling.RunAsync(FindingFilter.All, full: false, TestContext.Current.CancellationToken)).Findings;
        string Text(IEnumerable<(string Code, Int128? Difference)> all) =>
            string.Join('\n', all.Select(one => $"{one.Code} {one.Difference}").Order(StringComparer.Ordinal));
        var (expected, actual) = (Text(planted.Select(fault => (fault.Code, (Int128?)fault.Difference))),
            Text(found.Select(finding => (finding.Code.Name, finding.Difference?.Nanos))));
        Assert.True(expected == actual,
            $"{name}\nplanted:\n{expected}\nfound:\n{actual}\n\n{string.Join('\n', found.Select(finding => $"{finding.Id}: {finding.Cause}"))}");
    }

    private static async Task CorrectedAsync(ILedger ledger, string name)
    {
        var (reconciling, correcting, call) = Of(ledger);
        var stop = TestContext.Current.CancellationToken;
        foreach (var finding in (await reconciling.RunAsync(FindingFilter.All, full: false, stop)).Findings)
        {
            await correcting.CorrectAsync(finding.Id, Decide(finding), call);
        }

        foreach (var full in (bool[])[false, true])
        {
            var left = (await reconciling.RunAsync(FindingFilter.All, full, stop)).Findings;
            Assert.True(left.Count == 0,
                $"{name}, after corrections, {(full ? "every row" : "what came since")}:\n{string.Join('\n', left.Select(finding => $"{finding.Id} {finding.Difference}: {finding.Cause}"))}");
        }
    }

    /// <summary>What a person sees next: today's three totals agree, and this month's invoice can be made and sums (I1).</summary>
    private static async Task AgreesAsync(ILedger ledger, string name)
    {
        var now = Instant.From(DateTimeOffset.UtcNow);
        foreach (var org in ledger.Read.Orgs)
        {
            var (counter, totals) = await CostEndpoints.ReadAsync(org, now, ledger, TestContext.Current.CancellationToken);
            Assert.True((counter, totals.Usage) == (totals.Postings, totals.Postings),
                $"{name}: {org.Org.Id} counter {counter}, postings {totals.Postings}, usage {totals.Usage}");
            await InvoiceReport.ReadAsync(org, Month.Of(now, org.Zone), ledger.Read, TestContext.Current.CancellationToken);
        }
    }

    private static CorrectFindingRequest Decide(Finding finding) => finding.Repair switch
    {
        Repair.RecordUsage => new(Amount: new(4_000_000)),
        Repair.Decide when finding.Code == FindingCode.EstimatedUsage || finding.Code == FindingCode.Unpriced =>
            new(Amount: new(finding.Left!.Value.Nanos / 2)),
        Repair.Decide => new(Accept: true, Reason: "looked at"),
        _ => new(),
    };

    private static (ReconciliationRun, FindingCorrection, AdminCall) Of(ILedger ledger)
    {
        var prices = new CurrentPrices(ledger.Read);
        var spool = new SettlementSpool(
            ledger, new ServerOptions(), new OutageLog(ledger, TimeProvider.System, NullLogger<OutageLog>.Instance), NullLogger<SettlementSpool>.Instance);
        var reconciling = new ReconciliationRun(ledger, prices, spool, new ServerOptions(), TimeProvider.System, NullLogger<ReconciliationRun>.Instance);
        return (reconciling, new FindingCorrection(ledger, reconciling, new(ledger, TimeProvider.System), TimeProvider.System), AdminCallSample.Of("admin"));
    }
}
