using Microsoft.AspNetCore.Http;
using Tieout.Core.Pricing;
using Tieout.Server.Http;
using Tieout.Server.Metering;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>Usage and its corrections as FOCUS. All of it sums to what the org pays for the range.</summary>
internal sealed class FocusUsage(ILedger ledger, TimeProvider time) : IUsageExport
{
    public string Format => "focus";

    public async Task WriteAsync(HttpContext context, UsageRequest request)
    {
        var org = request.Org.Org.Id;
        var export = new FocusExport(request.Org, await new InvoiceNumbering(ledger, time).InvoicesAsync(org, context.RequestAborted),
            Inputs.Query(context, "issuer") ?? FocusExport.IssuerDefault, Caller.Of(context).Viewer);
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"focus-{org}.csv\"";
        var prices = new Dictionary<int, ResolvedPrice?>();
        await using var csv = new CsvExport(context.Response.Body);
        await csv.RowAsync(export.Columns, context.RequestAborted);
        await foreach (var page in UsagePages.AllAsync(request, ledger.Read, context.RequestAborted))
        {
            foreach (var entry in page) await csv.RowAsync(export.Row(entry, await PriceAsync(entry.Usage.Price)), context.RequestAborted);
        }

        await csv.CompleteAsync(context.RequestAborted);

        async ValueTask<ResolvedPrice?> PriceAsync(int number)
        {
            if (number > 0 && !prices.ContainsKey(number)) prices[number] = await ledger.Read.PriceAsync(org, number, context.RequestAborted);
            return prices.GetValueOrDefault(number);
        }
    }
}
