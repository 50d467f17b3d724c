using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Pricing;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Runtime;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Ingest;
using Tieout.Server.Pricing;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Runtime;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Runtime;
using Tieout.Server.Tests.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Postgres;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Tests.Postgres;
using Tieout.Tests;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary>Charges of instances beyond what they were active for, on both stores.</summary>
public sealed class RuntimeSurplusTests
{
    private static readonly DateTimeOffset Begin = new DateTimeOffset(DateTime.UtcNow.Date, TimeSpan.Zero).AddDays(-2).AddHours(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static long Second => Begin.ToUnixTimeSeconds();

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task R1_more_seconds_charged_than_an_instance_ran_are_found_and_put_right(string store)
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        await using (var ledger = await OpenAsync(store, folder.FullName))
        {
            var app = await PrepareAsync(ledger);
            var prices = new CurrentPrices(ledger.Read);
            Assert.Equal(0, await new RuntimeMeter(ledger, prices, new()).TickAsync(Instant.From(DateTimeOffset.UtcNow), Cancel));
            Assert.Equal(4.86m, Charged(ledger));
            Assert.Empty(await FindAsync(Of(ledger, prices).ReconciliationRun));

            // Another system hands in five minutes of the workers once more; usage of one that never started; and a stop that the meter has not heard of yet.
            await HandInAsync(ledger, prices, app, 300, 300);
            await HandInAsync(ledger, prices, app with { Id = "app-2" }, 0, 100);
            await ledger.SubmitAsync(
                RuntimeObjects.Keep("acme", "app-1", new("earlier", new((Second + 400) * Instant.MicrosPerSecond), ActivityKind.Stop)), Cancel);
            var (reconciling, correcting, call) = Of(ledger, prices);
            var findings = await FindAsync(reconciling);
            Assert.Equal(
                ["app-1 ledger_mismatch 7.26 3.24", "app-2 ledger_mismatch 0.8 0"],
                findings.Select(finding => $"{finding.Scope.AppInstance} {finding.Code} {finding.Left} {finding.Right}").Order(StringComparer.Ordinal));
            Assert.Equal(findings.Select(finding => finding.Id), (await FindAsync(reconciling)).Select(finding => finding.Id));

            foreach (var finding in findings) await correcting.CorrectAsync(finding.Id, new(), call);
            Assert.Empty(await FindAsync(reconciling));
            Assert.Equal(3.24m, Charged(ledger));

            // The meter finds nothing left to do, and doing it again is doing it once.
            Assert.Equal(0, await new RuntimeMeter(ledger, prices, new()).TickAsync(Instant.From(DateTimeOffset.UtcNow), Cancel));
            Assert.Equal(3.24m, Charged(ledger));
            Assert.Empty(await FindAsync(Of(ledger, prices).ReconciliationRun));
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task What_the_meter_is_about_to_make_good_is_no_finding()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        await using (var ledger = await OpenAsync("sqlite", folder.FullName))
        {
            await PrepareAsync(ledger);
            var prices = new CurrentPrices(ledger.Read);
            Assert.Equal(0, await new RuntimeMeter(ledger, prices, new()).TickAsync(Instant.From(DateTimeOffset.UtcNow), Cancel));
            await ledger.SubmitAsync(
                RuntimeObjects.Keep("acme", "app-1", new("earlier", new((Second + 400) * Instant.MicrosPerSecond), ActivityKind.Stop)), Cancel);
            Assert.Empty(await FindAsync(Of(ledger, prices, TimeSpan.Zero).ReconciliationRun));
            Assert.Single(await FindAsync(Of(ledger, prices).ReconciliationRun));
        }

        folder.Delete(recursive: true);
    }

    private static async Task<ILedger> OpenAsync(string store, string folder) =>
        store == "sqlite" ? SqliteLedger.Open(folder) : await PostgresLedger.OpenAsync(PostgresServer.Instance.NewStore());

    /// <summary>Two instances of eight GPUs and a head: one ran for 600 seconds, the other never started.</summary>
    private static async Task<RuntimeInstance> PrepareAsync(ILedger ledger)
    {
        await ledger.SubmitAsync(new Command.OpenOrg(new Org("acme", "USD", BillingMode.Postpaid, CreditLineNanos: null, "UTC")), Cancel);
        var list = PriceCatalogueJson.Read(Encoding.UTF8.GetBytes(RuntimeTests.Prices));
        await ledger.SubmitAsync(new Command.Record(SettingKind.PriceList, "", list.Id, PriceCatalogueJson.Write(list), Once: true), Cancel);
        NewRuntimeBody Body(string id) => new("acme", id, "app_runtime", [new("worker", "h100", 8), new("head", "m7", ControlPlane: true)], Provider: "gpus");
        foreach (var id in (string[])["app-1", "app-2"]) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(RuntimeObjects.Keep(Body(id)), Cancel));
        foreach (var (at, kind) in new[] { (0, ActivityKind.Start), (600, ActivityKind.Stop) }) await ledger.SubmitAsync(
            RuntimeObjects.Keep("acme", "app-1", new($"{kind}", new((Second + at) * Instant.MicrosPerSecond), kind)), Cancel);
        return RuntimeObjects.Instance(Body("app-1"));
    }

    private static async Task HandInAsync(ILedger ledger, CurrentPrices prices, RuntimeInstance app, long from, long seconds)
    {
        var item = RuntimeRecords.Item(app, new(new(0, Second + from, Second + from + seconds, 1, null), 1), 0);
        (item.Source, item.Id, item.OperationId) = ("other", $"{app.Id}-{from.ToString(CultureInfo.InvariantCulture)}", null);
        Assert.Equal(ItemStatus.Accepted, (await new Intake(ledger, prices).TakeAsync([item], new(Org: null, AdminRole.Admin, "other"), Cancel))[0].Status);
    }

    private static decimal Charged(ILedger ledger) => -ledger.Read.Balance("acme")!.Balance.ToDecimal();

    private static async Task<IReadOnlyList<Finding>> FindAsync(ReconciliationRun reconciling) =>
        (await reconciling.RunAsync(FindingFilter.All, full: false, Cancel)).Findings;

    /// <param name="later">How long after now it is; null: long enough for the meter to have looked.</param>
    private static (ReconciliationRun ReconciliationRun, FindingCorrection FindingCorrection, AdminCall Call) Of(
        ILedger ledger, CurrentPrices prices, TimeSpan? later = null)
    {
        var clock = new AheadClock { Ahead = later ?? TimeSpan.FromMinutes(11) };
        var spool = new SettlementSpool(
            ledger, new ServerOptions(), new OutageLog(ledger, TimeProvider.System, NullLogger<OutageLog>.Instance), NullLogger<SettlementSpool>.Instance);
        var reconciling = new ReconciliationRun(ledger, prices, spool, new ServerOptions(), clock, NullLogger<ReconciliationRun>.Instance);
        return (reconciling, new FindingCorrection(ledger, reconciling, new(ledger, clock), clock), AdminCallSample.Of("admin"));
    }
}
