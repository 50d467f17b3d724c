using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>Usage as CSV, for spreadsheets.</summary>
internal sealed class UsageCsv(IUsageReader usage) : IUsageExport
{
    public string Format => "csv";

    public async Task WriteAsync(HttpContext context, OrgState org, UsageFilter filter)
    {
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"usage-{filter.Org}.csv\"";
        var viewer = Caller.Of(context).Viewer;
        await using var csv = new CsvExport(context.Response.Body);
        await csv.RowAsync(UsageLine.ColumnsFor(viewer), context.RequestAborted);
        await foreach (var row in usage.UsageAsync(filter, context.RequestAborted))
        {
            await csv.RowAsync(UsageLine.From(row, viewer).Fields(), context.RequestAborted);
        }

        await csv.CompleteAsync(context.RequestAborted);
    }
}
