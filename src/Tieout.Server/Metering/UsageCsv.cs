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

    public Task WriteAsync(HttpContext context, UsageRequest request)
    {
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"usage-{request.Filter.Org}.csv\"";
        return WriteAsync(context.Response.Body, request, usage, Caller.Of(context).Viewer, context.RequestAborted);
    }

    public static async Task WriteAsync(Stream to, UsageRequest request, IUsageReader read, Viewer viewer, CancellationToken cancellationToken)
    {
        await using var csv = new CsvExport(to);
        await csv.RowAsync(UsageColumns.NamesFor(viewer), cancellationToken);
        await foreach (var page in UsagePages.AllAsync(request, read, cancellationToken))
        {
            foreach (var entry in page)
            {
                var cells = new Cells(csv);
                UsageColumns.Write(ref cells, entry, viewer);
                csv.EndRow();
                if (csv.IsFull) await csv.SendAsync(cancellationToken);
            }
        }

        await csv.CompleteAsync(cancellationToken);
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
