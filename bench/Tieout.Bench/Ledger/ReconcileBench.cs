using System.Diagnostics;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Pricing;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Reconciliation;
using Tieout.Storage.Sqlite;

namespace Tieout.Bench.Ledger;

/// <param name="Rows">Usage records; as many postings beside them.</param>
/// <param name="BuildS">Making the store; 0: it was there.</param>
/// <param name="Seconds">Of the run.</param>
/// <param name="CpuS">Processor seconds of it, all cores.</param>
/// <param name="AgainSeconds">Of a second run, after a thousand more charges: only what came since.</param>
/// <param name="PeakMb">The process at its largest, store building included if it was built here.</param>
/// <param name="Findings">None, or the measurement means nothing.</param>
public sealed record ReconcileBenchResult(
    long Rows, decimal BuildS, decimal Seconds, decimal CpuS, decimal AgainSeconds, decimal PeakMb, long Checked, int Findings);

/// <summary>Measures a run over a whole book on the embedded store.</summary>
public static class ReconcileBench
{
    private const int BatchRows = 8_189;
    private const int MoreRows = 1_000;

    /// <param name="folder">Where the store is, or is made and left.</param>
    public static async Task<ReconcileBenchResult> RunAsync(string folder, long rows, Action<long, long>? progress, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var isThere = File.Exists(DataFolder.DatabaseIn(folder));
        await using var ledger = SqliteLedger.Open(folder);
        if (!isThere) await BuildAsync(ledger, folder, rows, cancellationToken);
        var built = isThere ? 0 : Seconds(watch);
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        watch.Restart();
        var report = await RunAsync(ledger, progress, full: true, cancellationToken);
        var seconds = Seconds(watch);
        process.Refresh();
        var spent = process.TotalProcessorTime - cpu;
        foreach (var list in Of(folder, MoreRows).Next(MoreRows)) Require(await ledger.SubmitAsync(list, cancellationToken));
        watch.Restart();
        var again = await RunAsync(ledger, progress, full: false, cancellationToken);
        var findings = report.Findings.Count + again.Findings.Count;
        return new(rows, built, seconds, Math.Round((decimal)spent.TotalSeconds, 1), Seconds(watch), Math.Round(process.PeakWorkingSet64 / 1_048_576m, 1),
            report.Checked, findings);
    }

    private static Task<BookReport> RunAsync(SqliteLedger ledger, Action<long, long>? progress, bool full, CancellationToken cancellationToken) =>
        ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Instant.From(DateTimeOffset.UtcNow), progress, full), cancellationToken);

    private static Workload Of(string folder, long rows)
    {
        var now = DateTimeOffset.UtcNow;
        var price = BuiltinPrices.Catalogue.Find("openai", "gpt-4o", Instant.From(now))!;
        return new(new(BatchRows, rows, Orgs: 10, LedgerBenchMode.Charge, folder), _ => 0, price, Instant.From(now.AddDays(-20)), TimeSpan.FromDays(20) / rows);
    }

    private static async Task BuildAsync(SqliteLedger ledger, string folder, long rows, CancellationToken cancellationToken)
    {
        var workload = Of(folder, rows);
        foreach (var commands in workload.Openings()) Require(await ledger.SubmitAsync(commands, cancellationToken));
        for (long done = 0; done < rows; done += BatchRows)
        {
            foreach (var list in workload.Next((int)Math.Min(BatchRows, rows - done))) Require(await ledger.SubmitAsync(list, cancellationToken));
        }
    }

    private static void Require(IReadOnlyList<Outcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            if (outcome is not Outcome.Done) throw new InvalidOperationException($"The benchmark's own command was not carried out: {outcome}.");
        }
    }

    private static decimal Seconds(Stopwatch watch) => Math.Round((decimal)watch.Elapsed.TotalMilliseconds / 1_000, 2);
}
