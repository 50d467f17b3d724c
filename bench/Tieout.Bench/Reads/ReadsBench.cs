using System.Diagnostics;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Tenancy;
using Tieout.Server.Pricing;
using Tieout.Server.Spike;
using Tieout.Storage;
using Tieout.Storage.Reconciliation;

namespace Tieout.Bench.Reads;

/// <param name="P50Ms">Of single reads, one after another, by turns of all orgs.</param>
public sealed record ReadFigure(string Name, decimal P50Ms, decimal P99Ms);

/// <param name="RowsPerS">Of the usage of one org, written to a stream that keeps nothing.</param>
/// <param name="CpuMicrosPerRow">Processor time of the process, of all threads.</param>
/// <param name="PeakHeapMb">The most managed memory of the process meanwhile, garbage included.</param>
public sealed record ExportFigure(string Format, long Rows, decimal RowsPerS, decimal CpuMicrosPerRow, decimal PeakHeapMb);

/// <param name="CountedRowsPerS">Usage rows and postings a second that the follower counted with the machine to itself; null: it had counted them before.</param>
/// <param name="LedgerBytesPerRow">The ledger's file, or its tables with their indexes, for each usage row.</param>
/// <param name="DerivedBytesPerRow">The derived file or tables, for each usage row.</param>
public sealed record ReadsBenchResult(
    long Rows, decimal? CountedRowsPerS, decimal LedgerBytesPerRow, decimal DerivedBytesPerRow,
    IReadOnlyList<ReadFigure> Figures, IReadOnlyList<ExportFigure> Exports);

/// <summary>Measures what a figure costs on stores of different sizes, in the same run.</summary>
public static class ReadsBench
{
    private const int ReadsEach = 300;

    /// <param name="folder">A store of each size is made there, and left.</param>
    /// <param name="postgres">The address of a server that a database of each size is made on instead, and left; null: the embedded store.</param>
    public static async Task<IReadOnlyList<ReadsBenchResult>> RunAsync(
        string folder, string? postgres, IEnumerable<long> sizes, CancellationToken cancellationToken)
    {
        List<ReadsBenchResult> results = [];
        foreach (var rows in sizes) results.Add(await RunAsync(Path.Combine(folder, $"rows-{rows}"), postgres, rows, cancellationToken));
        return results;
    }

    private static async Task<ReadsBenchResult> RunAsync(string folder, string? postgres, long rows, CancellationToken cancellationToken)
    {
        await using var store = await ReadsStore.OpenAsync(folder, postgres, rows, cancellationToken);
        var (ledger, counted, began) = (store.Ledger, 0L, Stopwatch.GetTimestamp());
        await FollowerTurns.CatchUpAsync(ledger, progress =>
        {
            counted += progress.Rows;
            return Task.CompletedTask;
        }, TimeProvider.System, cancellationToken);
        var perS = counted == 0 ? null as decimal? : Math.Round(counted / (decimal)Stopwatch.GetElapsedTime(began).TotalSeconds);
        List<ReadFigure> figures = [];
        var lookups = await IdLookups.SampleAsync(ledger.Read, cancellationToken);
        foreach (var (name, read) in Figures(ledger).Concat(lookups.Figures())) figures.Add(await MeasureAsync(ledger, name, read, cancellationToken));
        var bytes = await store.BytesAsync();
        decimal PerRow(long length) => Math.Round((decimal)length / rows, 1);
        return new(rows, perS, PerRow(bytes.Ledger), PerRow(bytes.Derived), figures, await ExportBench.RunAsync(ledger, cancellationToken));
    }

    private static IEnumerable<(string Name, Func<OrgState, CancellationToken, Task> Read)> Figures(ILedger ledger)
    {
        var (read, now) = (ledger.Read, Instant.From(DateTimeOffset.UtcNow));
        var spikes = new SpikeRun(ledger, new CurrentPrices(read), Tieout.Analysis.Change.AttemptClasses.Default);
        var day = TimeSpan.FromDays(1);
        yield return ("balance", (org, _) => Task.FromResult(read.Balance(org.Org.Id)));
        yield return ("costs today", (org, token) => read.SumsAsync(new(org, DayOf(org, now).Start, DayOf(org, now).End), token));
        yield return ("spend of a month", (org, token) => read.SumsAsync(new(org, MonthOf(org, now).Start(org.Zone), MonthOf(org, now).End(org.Zone)), token));
        yield return ("spend of 20 days, by day", (org, token) => read.SumsAsync(new(org, Hour(now - 20 * day), Hour(now), RecountSlot.Day), token));
        yield return ("spend of 2 days, by hour", (org, token) => read.SumsAsync(new(org, Hour(now - 2 * day), Hour(now), RecountSlot.Hour), token));
        yield return ("invoice", (org, token) => read.MonthAsync(org, MonthOf(org, now).Start(org.Zone), MonthOf(org, now).End(org.Zone), token));
        yield return ("errors of a day", (org, token) => read.StatusesAsync(new(org, Hour(now - day), Hour(now)), token));
        yield return ("cost spike, 2 days against 7", (org, token) => spikes.RunAsync(SpikeRequest.Of(org, now), token));
        yield return ("first page of usage", (org, token) => read.PageAsync(
            new(org, new(org.Org.Id, now - 20 * day, now), OldestFirst: false, After: null, Rows: 100), token));
        foreach (var (name, column, value) in ((string, string, string)[])
            [("failed", "status", "failed"), ("status 503, all at the oldest end", "status", "503"), ("basis estimated, none", "basis", "estimated"), ("source import, none", "source", "import")])
        {
            yield return ($"first page of usage, {name}", (org, token) => read.PageAsync(
                new(org, new UsageFilter(org.Org.Id, now - 25 * day, now).Where(column, value), OldestFirst: false, After: null, Rows: 100), token));
        }

        yield return ("tie of 20 days, totals", (org, token) => read.TieTotalsAsync(
            new(org, Hour(now - 20 * day), Hour(now), TimeZoneInfo.Utc), Core.Reconciliation.TallyFigure.Charge, token));
        yield return ("rows of 6 hours, by user", (org, token) => read.RangeAsync(
            new(org, new(org.Org.Id, Hour(now) - TimeSpan.FromHours(6), Hour(now))),
            usage => usage.Rows.GroupBy(row => row.Usage.Usage.EndUser).Count(), token));
    }

    private static async Task<ReadFigure> MeasureAsync(
        ILedger ledger, string name, Func<OrgState, CancellationToken, Task> read, CancellationToken cancellationToken)
    {
        var orgs = ledger.Read.Orgs.ToList();
        var times = new List<double>(ReadsEach);
        foreach (var org in orgs) await read(org, cancellationToken);
        for (var i = 0; i < ReadsEach; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await read(orgs[i % orgs.Count], cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }

        times.Sort();
        return new(name, Math.Round((decimal)times[ReadsEach / 2], 3), Math.Round((decimal)times[ReadsEach * 99 / 100], 3));
    }

    private static Month MonthOf(OrgState org, Instant now) => Month.Of(now, org.Zone);

    private static Window DayOf(OrgState org, Instant now) => Window.Of(WindowUnit.Day, now, org.Zone);

    private static Instant Hour(Instant at) => Recount.HourOf(at);
}
