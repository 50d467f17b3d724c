using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>Usage as CSV, for spreadsheets.</summary>
internal sealed class UsageCsv(IUsageReader usage) : IUsageExport
{
    public string Format => "csv";

    public async Task WriteAsync(HttpContext context, UsageRequest request)
    {
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"usage-{request.Filter.Org}.csv\"";
        var viewer = Caller.Of(context).Viewer;
        await using var csv = new CsvExport(context.Response.Body);
        await csv.RowAsync(UsageColumns.NamesFor(viewer), context.RequestAborted);
        await foreach (var page in UsagePages.AllAsync(request, usage, context.RequestAborted))
        {
            foreach (var entry in page)
            {
                var cells = new Cells(csv);
                UsageColumns.Write(ref cells, entry, viewer);
                csv.EndRow();
                if (csv.IsFull) await csv.SendAsync(context.RequestAborted);
            }
        }

        await csv.CompleteAsync(context.RequestAborted);
    }

    private readonly struct Cells(CsvExport csv) : IUsageColumns
    {
        public void Text(ReadOnlySpan<byte> name, string? value) => csv.Text(value);

        public void Id(ReadOnlySpan<byte> name, Guid value) => csv.Value(value);

        public void Time(ReadOnlySpan<byte> name, Instant value) => csv.Value(value);

        public void Number(ReadOnlySpan<byte> name, long? value)
        {
            if (value is { } number) csv.Value(number);
            else csv.Text(null);
        }

        public void Amount(ReadOnlySpan<byte> name, Amount value) => csv.Amount(value);

        public void Flag(ReadOnlySpan<byte> name, bool? value) => csv.Text(value switch { null => null, true => "true", false => "false" });
    }
}
