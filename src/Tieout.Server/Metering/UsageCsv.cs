using CsvHelper;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>Usage as CSV, for spreadsheets.</summary>
internal sealed class UsageCsv(ILedger ledger) : IUsageExport
{
    /// <summary>A row is some 400 bytes: send about every 100 KB.</summary>
    private const int RowsPerFlush = 256;

    public string Format => "csv";

    public async Task WriteAsync(HttpContext context, OrgState org, UsageFilter filter)
    {
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"usage-{filter.Org}.csv\"";
        var viewer = Caller.Of(context).Viewer;
        // Some cells are text from outside; escaped, a spreadsheet shows what would else be a formula to it.
        var form = new CsvWriterOptions { NewLine = "\n", Injection = CsvInjection.Escape };
        await using var chunk = new MemoryStream();
        await using var csv = CsvWriter.Create(chunk, form, leaveOpen: true);
        await csv.WriteRecordAsync(UsageLine.ColumnsFor(viewer), context.RequestAborted);
        var count = 0;
        await foreach (var row in ledger.Read.UsageAsync(filter, context.RequestAborted))
        {
            foreach (var field in UsageLine.From(row, viewer).Fields()) csv.WriteField(field);
            await csv.EndRecordAsync(context.RequestAborted);
            if (++count % RowsPerFlush == 0) await SendAsync();
        }

        await SendAsync();

        async Task SendAsync()
        {
            await csv.FlushAsync(context.RequestAborted);
            await context.Response.Body.WriteAsync(chunk.GetBuffer().AsMemory(0, (int)chunk.Length), context.RequestAborted);
            chunk.SetLength(0);
        }
    }
}
