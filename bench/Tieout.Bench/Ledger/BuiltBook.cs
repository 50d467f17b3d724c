using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Pricing;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Bench.Ledger;

/// <summary>A store with a whole book in it: twenty days of priced usage of ten orgs, up to now. Made once and left, so that the next measurement finds
/// it.</summary>
internal static class BuiltBook
{
    private const int BatchRows = 8_189;
    private const int Days = 20;

    /// <returns>The open store, and whether it was made now.</returns>
    public static async Task<(SqliteLedger Ledger, bool IsNew)> OpenAsync(string folder, long rows, CancellationToken cancellationToken)
    {
        var isThere = File.Exists(DataFolder.DatabaseIn(folder));
        var ledger = SqliteLedger.Open(folder);
        if (!isThere) await FillAsync(ledger, folder, rows, cancellationToken);
        return (ledger, !isThere);
    }

    /// <summary>Makes the book in an empty store.</summary>
    public static async Task FillAsync(ILedger ledger, string folder, long rows, CancellationToken cancellationToken)
    {
        var workload = WorkloadOf(folder, rows);
        foreach (var commands in workload.Openings()) Require(await ledger.SubmitAsync(commands, cancellationToken));
        for (long done = 0; done < rows; done += BatchRows)
        {
            foreach (var list in workload.Next((int)Math.Min(BatchRows, rows - done))) Require(await ledger.SubmitAsync(list, cancellationToken));
        }
    }

    public static Workload WorkloadOf(string folder, long rows)
    {
        var now = DateTimeOffset.UtcNow;
        var price = BuiltinPrices.Catalogue.Find("openai", "gpt-4o", Instant.From(now))!;
        return new(
            new(BatchRows, rows, Orgs: 10, LedgerBenchMode.Charge, folder), _ => 0, price, Instant.From(now.AddDays(-Days)), TimeSpan.FromDays(Days) / rows);
    }

    public static void Require(IReadOnlyList<Outcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            if (outcome is not Outcome.Done) throw new InvalidOperationException($"The benchmark's own command was not carried out: {outcome}.");
        }
    }
}
