using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Pricing;
using Tieout.Server.Http;
using Tieout.Server.Invoicing.Shared;
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
        var form = FocusForm.Read(name => Inputs.Query(context, name), request.Org);
        var export = new FocusExport(request.Org, await new InvoiceNumbering(ledger, time).InvoicesAsync(org, context.RequestAborted), form);
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"focus-{org}.csv\"";
        await WriteAsync(context.Response.Body, request, ledger.Read, export, FocusColumns.Of(form, Caller.Of(context).Viewer), context.RequestAborted);
    }

    public static async Task WriteAsync(
        Stream to, UsageRequest request, ILedgerReader read, FocusExport export, IReadOnlyList<FocusColumn> columns, CancellationToken cancellationToken)
    {
        await using var csv = new CsvExport(to);
        await csv.RowAsync(columns.Select(column => column.Name), cancellationToken);
        await foreach (var line in LinesAsync(request, read, export, cancellationToken))
        {
            foreach (var column in columns) csv.Cell(column.Cell(line), column.Type is FocusType.Decimal or FocusType.Whole);
            csv.EndRow();
            if (csv.IsFull) await csv.SendAsync(cancellationToken);
        }

        await csv.CompleteAsync(cancellationToken);
    }

    /// <summary>The rows in the order of the list, page after page.</summary>
    public static async IAsyncEnumerable<FocusLine> LinesAsync(
        UsageRequest request, ILedgerReader read, FocusExport export,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var org = request.Org.Org.Id;
        var prices = new Dictionary<int, ResolvedPrice?>();
        var allocations = new SharedCostAllocations(read);
        await foreach (var page in UsagePages.AllAsync(request, read, cancellationToken))
        {
            var envelopes = await read.EnvelopesAsync(org, [.. page.Select(entry => entry.Usage.Usage.OperationId).Distinct(StringComparer.Ordinal)],
                cancellationToken);
            foreach (var entry in page)
            {
                var number = entry.Usage.Price;
                if (number > 0 && !prices.ContainsKey(number)) prices[number] = await read.PriceAsync(org, number, cancellationToken);
                var allocation = await allocations.OfAsync(entry.Usage.Usage, cancellationToken);
                foreach (var line in export.Lines(entry, prices.GetValueOrDefault(number), envelopes.GetValueOrDefault(entry.Usage.Usage.Id)))
                {
                    yield return allocation is null ? line : line with { Allocation = allocation };
                }
            }
        }
    }
}
