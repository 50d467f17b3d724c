using System.Diagnostics;
using Tieout.Core;
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
    private const int MoreRows = 1_000;

    /// <param name="folder">Where the store is, or is made and left.</param>
    public static async Task<ReconcileBenchResult> RunAsync(string folder, long rows, Action<long, long>? progress, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var (ledger, isNew) = await BuiltBook.OpenAsync(folder, rows, cancellationToken);
        await using var closing = ledger;
        var built = isNew ? Seconds(watch) : 0;
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        watch.Restart();
        var report = await RunAsync(ledger, progress, full: true, cancellationToken);
        var seconds = Seconds(watch);
        process.Refresh();
        var spent = process.TotalProcessorTime - cpu;
        foreach (var list in BuiltBook.WorkloadOf(folder, MoreRows).Next(MoreRows)) BuiltBook.Require(await ledger.SubmitAsync(list, cancellationToken));
        watch.Restart();
        var again = await RunAsync(ledger, progress, full: false, cancellationToken);
        var findings = report.Findings.Count + again.Findings.Count;
        return new(rows, built, seconds, Math.Round((decimal)spent.TotalSeconds, 1), Seconds(watch), Math.Round(process.PeakWorkingSet64 / 1_048_576m, 1),
            report.Checked, findings);
    }

    private static Task<BookReport> RunAsync(SqliteLedger ledger, Action<long, long>? progress, bool full, CancellationToken cancellationToken) =>
        ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Instant.From(DateTimeOffset.UtcNow), progress, full), cancellationToken);

    private static decimal Seconds(Stopwatch watch) => Math.Round((decimal)watch.Elapsed.TotalMilliseconds / 1_000, 2);
}
