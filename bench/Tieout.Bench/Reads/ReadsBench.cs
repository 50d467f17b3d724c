using System.Diagnostics;
using Tieout.Bench.Ledger;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Follower;

namespace Tieout.Bench.Reads;

/// <param name="P50Ms">Of single reads, one after another, by turns of all orgs.</param>
public sealed record ReadFigure(string Name, decimal P50Ms, decimal P99Ms);

/// <param name="RowsPerS">Of the usage of one org, written to a stream that keeps nothing.</param>
/// <param name="CpuMicrosPerRow">Processor time of the process, of all threads.</param>
/// <param name="PeakHeapMb">The most managed memory of the process meanwhile, garbage included.</param>
public sealed record ExportFigure(string Format, long Rows, decimal RowsPerS, decimal CpuMicrosPerRow, decimal PeakHeapMb);

/// <param name="CountedRowsPerS">Usage rows and postings a second that the follower counted with the machine to itself; null: it had counted them before.</param>
/// <param name="LedgerBytesPerRow">The ledger's file, for each usage row.</param>
/// <param name="DerivedBytesPerRow">The derived file, for each usage row.</param>
public sealed record ReadsBenchResult(
    long Rows, decimal? CountedRowsPerS, decimal LedgerBytesPerRow, decimal DerivedBytesPerRow,
    IReadOnlyList<ReadFigure> Figures, IReadOnlyList<ExportFigure> Exports);

/// <summary>Measures what a figure costs on stores of different sizes, in the same run.</summary>
public static class ReadsBench
{
    private const int ReadsEach = 300;

    /// <param name="folder">A store of each size is made there, and left.</param>
    public static async Task<IReadOnlyList<ReadsBenchResult>> RunAsync(string folder, IEnumerable<long> sizes, CancellationToken cancellationToken)
    {
        List<ReadsBenchResult> results = [];
        foreach (var rows in sizes) results.Add(await RunAsync(Path.Combine(folder, $"rows-{rows}"), rows, cancellationToken));
        return results;
    }

    private static async Task<ReadsBenchResult> RunAsync(string folder, long rows, CancellationToken cancellationToken)
    {
        var (ledger, _) = await BuiltBook.OpenAsync(folder, rows, cancellationToken);
        await using var closing = ledger;
        await ledger.FlushAsync();
        var (counted, began) = (0L, Stopwatch.GetTimestamp());
        await FollowerTurns.CatchUpAsync(ledger, progress =>
        {
            counted += progress.Rows;
            return Task.CompletedTask;
        }, TimeProvider.System, cancellationToken);
        var perS = counted == 0 ? null as decimal? : Math.Round(counted / (decimal)Stopwatch.GetElapsedTime(began).TotalSeconds);
        List<ReadFigure> figures = [];
        foreach (var (name, read) in Figures(ledger).Concat(new IdLookups(ledger, rows).Figures()))
        {
            figures.Add(await MeasureAsync(ledger, name, read, cancellationToken));
        }

        decimal PerRow(string file) => Math.Round((decimal)new FileInfo(file).Length / rows, 1);
        return new(rows, perS, PerRow(ledger.Store.Database), PerRow(DerivedFile.In(folder)), figures, await ExportBench.RunAsync(ledger, cancellationToken));
    }

    private static IEnumerable<(string Name, Func<OrgState, CancellationToken, Task> Read)> Figures(SqliteLedger ledger)
    {
        var read = ledger.Read;
        var now = Instant.From(DateTimeOffset.UtcNow);
        var day = TimeSpan.FromDays(1);
        yield return ("balance", (org, _) => Task.FromResult(read.Balance(org.Org.Id)));
        yield return ("costs today", (org, token) => read.SumsAsync(new(org, DayOf(org, now).Start, DayOf(org, now).End), token));
        yield return ("spend of a month", (org, token) => read.SumsAsync(new(org, MonthOf(org, now).Start(org.Zone), MonthOf(org, now).End(org.Zone)), token));
        yield return ("spend of 20 days, by day", (org, token) => read.SumsAsync(new(org, Hour(now - 20 * day), Hour(now), RecountSlot.Day), token));
        yield return ("spend of 2 days, by hour", (org, token) => read.SumsAsync(new(org, Hour(now - 2 * day), Hour(now), RecountSlot.Hour), token));
        yield return ("invoice", (org, token) => read.MonthAsync(org, MonthOf(org, now).Start(org.Zone), MonthOf(org, now).End(org.Zone), token));
        yield return ("errors of a day", (org, token) => read.StatusesAsync(new(org, Hour(now - day), Hour(now)), token));
        yield return ("first page of usage", (org, token) => read.PageAsync(
            new(org, new(org.Org.Id, now - 20 * day, now), OldestFirst: false, After: null, Rows: 100), token));
    }

    private static async Task<ReadFigure> MeasureAsync(
        SqliteLedger ledger, string name, Func<OrgState, CancellationToken, Task> read, CancellationToken cancellationToken)
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
