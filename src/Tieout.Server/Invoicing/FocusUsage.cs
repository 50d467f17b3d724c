using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Pricing;
using Tieout.Server.Http;
using Tieout.Server.Metering;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>Usage as FOCUS: charges by usage record, then what corrected them. All of it sums to what the org pays for the range.</summary>
internal sealed class FocusUsage(ILedger ledger, TimeProvider time) : IUsageExport
{
    public string Format => "focus";

    public async Task WriteAsync(HttpContext context, OrgState org, UsageFilter filter)
    {
        var export = new FocusExport(org, await new InvoiceNumbering(ledger, time).InvoicesAsync(filter.Org, context.RequestAborted),
            Inputs.Query(context, "issuer") ?? FocusExport.IssuerDefault, Caller.Of(context).Viewer);
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"focus-{filter.Org}.csv\"";
        var prices = new Dictionary<int, ResolvedPrice?>();
        await using var csv = new CsvExport(context.Response.Body);
        await csv.RowAsync(export.Columns, context.RequestAborted);
        await foreach (var row in ledger.Read.UsageAsync(filter, context.RequestAborted))
        {
            await csv.RowAsync(export.Row(row, await PriceAsync(row.Price), correction: null), context.RequestAborted);
        }

        await foreach (var posting in ledger.Read.PostingsAsync(filter.Org, filter.From, filter.To, after: 0, context.RequestAborted))
        {
            if (posting is not { Kind: PostingKind.Reversal or PostingKind.ReEntry, UsageSeq: > 0 }) continue;
            var corrected = filter with { From = Instant.UnixEpoch, To = Instant.EndOfTime, After = posting.UsageSeq - 1, Limit = 1 };
            await foreach (var row in ledger.Read.UsageAsync(corrected, context.RequestAborted))
            {
                if (row.Seq == posting.UsageSeq) await csv.RowAsync(export.Row(row, await PriceAsync(row.Price), posting), context.RequestAborted);
            }
        }

        await csv.CompleteAsync(context.RequestAborted);

        async ValueTask<ResolvedPrice?> PriceAsync(int number)
        {
            if (number > 0 && !prices.ContainsKey(number)) prices[number] = await ledger.Read.PriceAsync(filter.Org, number, context.RequestAborted);
            return prices.GetValueOrDefault(number);
        }
    }
}
