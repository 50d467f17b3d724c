using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Pricing;
using Tieout.Server.Http;
using Tieout.Server.Invoicing;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Triage.Packets;

/// <param name="From">The first hour of the slice, in UTC.</param>
/// <param name="LeftOut">The period has more rows than the slice.</param>
internal sealed record BillingSliceFile(byte[] Csv, Instant From, Instant To, long Rows, bool LeftOut);

/// <summary><c>billing.csv</c>: what the org was charged in the hours of the dispute, as FOCUS, with every disputed row among it.</summary>
internal sealed class BillingSlice(ILedger ledger, TimeProvider time)
{
    /// <summary>Rows of the period beside the disputed ones.</summary>
    public const int RowsMax = 5_000;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public async Task<BillingSliceFile> OfAsync(Dispute dispute, OtherTenants others, CancellationToken cancellationToken)
    {
        var org = dispute.Org.Org.Id;
        var effective = dispute.Attempts.Select(attempt => attempt.Usage?.EffectiveAt ?? attempt.At).ToList();
        var (from, to) = (Recount.HourOf(effective.Min()), Recount.HourOf(effective.Max()) + Hour);
        var rows = new Dictionary<(long Usage, long Posting), UsageEntry>();
        foreach (var entry in dispute.Attempts.SelectMany(Entries)) rows[Key(entry)] = entry;
        var page = await ledger.Read.PageAsync(new(dispute.Org, new(org, from, to), OldestFirst: true, After: null, RowsMax + 1), cancellationToken);
        foreach (var entry in page.Take(RowsMax)) rows[Key(entry)] = entry;

        var export = new FocusExport(
            dispute.Org, await new InvoiceNumbering(ledger, time).InvoicesAsync(org, cancellationToken), FocusExport.IssuerDefault, Viewer.Platform);
        var prices = new Dictionary<int, ResolvedPrice?>();
        using var file = new MemoryStream();
        await using (var csv = new CsvExport(file))
        {
            await csv.RowAsync(export.Columns, cancellationToken);
            var inOrder = rows.OrderBy(row => row.Value.EffectiveAt).ThenBy(row => row.Key.Usage).ThenBy(row => row.Key.Posting);
            foreach (var entry in inOrder.Select(row => row.Value))
            {
                var number = entry.Usage.Price;
                if (number > 0 && !prices.ContainsKey(number)) prices[number] = await ledger.Read.PriceAsync(org, number, cancellationToken);
                var cells = export.Row(entry, prices.GetValueOrDefault(number));
                await csv.RowAsync(cells.Select(cell => cell is null ? null : others.Hidden(cell)), cancellationToken);
            }

            await csv.CompleteAsync(cancellationToken);
        }

        return new(file.ToArray(), from, to, rows.Count, page.Count > RowsMax);
    }

    /// <summary>The rows of a list of usage that an attempt comes to.</summary>
    private static IEnumerable<UsageEntry> Entries(DisputedAttempt attempt) => attempt.Usage is not { } usage ? [] :
    [
        new(usage),
        .. attempt.Records.Postings.Where(posting => UsageEntry.IsCorrection(posting.Row))
            .Select(posting => new UsageEntry(usage, new PostingRow(posting.Row, 0))),
    ];

    private static (long Usage, long Posting) Key(UsageEntry entry) => (entry.Usage.Seq, entry.Correction?.Posting.Seq ?? 0);
}
