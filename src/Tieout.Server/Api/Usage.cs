using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Invoicing;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <param name="NextCursor">Pass it on as <c>cursor</c> for the next page; null: this is the last.</param>
/// <param name="TimeZone">In which days in <c>from</c> and <c>to</c> were cut.</param>
public sealed record UsagePageBody(string Org, string Asset, IReadOnlyList<UsageLine> Items, string? NextCursor, string TimeZone, long AsOf);

/// <summary>Usage records: pages as JSON, or every row that the filter matches as CSV or JSONL.</summary>
internal static class UsageEndpoints
{
    /// <summary>A row is some 400 bytes: send about every 100 KB.</summary>
    private const int RowsPerFlush = 256;

    private const int CharactersPerFlush = 100_000;

    /// <summary>After the last instant that can be written in four digits of year; stands for "no end".</summary>
    private static readonly Instant End = Instant.From(DateTimeOffset.MaxValue);

    public static void MapUsage(this IEndpointRouteBuilder api) => api.MapGet("/orgs/{org}/usage", List).Allow(Access.Tenant(KeyScope.ReadUsage).OrEveryRole());

    private static async Task<IResult> List(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "from", "to", "operation", "correlation", "project", "team", "key", "user", "feature", "model", "source", "app_instance", "format", "issuer", "limit", "cursor");
        var asOf = ledger.Read.AsOf;
        var (state, viewer) = (Inputs.Org(ledger, org), Caller.Of(context).Viewer);
        var filter = Filter(context, state);
        if (Inputs.Query(context, "format") is "csv" or "jsonl" or "focus" && Caller.Of(context).IsPlatform) await ledger.RecordActionAsync(context, org, new() { ["query"] = Inputs.Shown(context.Request.QueryString.Value) });
        switch (Inputs.Query(context, "format"))
        {
            case "csv":
                await WriteCsvAsync(context, ledger.Read.UsageAsync(filter, context.RequestAborted), $"usage-{org}.csv");
                return TypedResults.Empty;
            case "jsonl":
                await WriteJsonLinesAsync(context, ledger.Read.UsageAsync(filter, context.RequestAborted));
                return TypedResults.Empty;
            case "focus":
                await WriteFocusAsync(context, ledger, new(state, await new InvoiceNumbering(ledger, time).InvoicesAsync(org, context.RequestAborted), Inputs.Query(context, "issuer") ?? FocusExport.IssuerDefault, viewer), filter);
                return TypedResults.Empty;
            case null or "json":
                break;
            default:
                throw new ApiRefusedException(ApiError.ParameterInvalid, "The format is csv, jsonl, focus or json.");
        }

        var limit = Inputs.Limit(context);
        var items = new List<UsageLine>(limit);
        var more = false;
        await foreach (var row in ledger.Read.UsageAsync(filter with { After = Inputs.Cursor(context), Limit = limit + 1 }, context.RequestAborted))
        {
            more = items.Count == limit;
            if (more) break;
            items.Add(UsageLine.From(row, viewer));
        }

        var next = more ? items[^1].Seq.ToString(CultureInfo.InvariantCulture) : null;
        return Answer.Ok(new UsagePageBody(org, state.Org.Asset, items, next, state.Org.TimeZone, asOf), ApiJson.Default.UsagePageBody);
    }

    private static UsageFilter Filter(HttpContext context, OrgState org)
    {
        var from = Inputs.Query(context, "from") is { } start ? Inputs.Time(start, org.Zone) : Instant.MinValue;
        var to = Inputs.Query(context, "to") is { } end ? Inputs.Time(end, org.Zone) : End;
        if (to < from) throw new ApiRefusedException(ApiError.ParameterInvalid, "The range ends before it begins.");
        var source = Inputs.Query(context, "source") is { } named
            ? Enum.GetValues<UsageSource>().Select(value => (UsageSource?)value).FirstOrDefault(value => UsageLine.Snake(value!.Value) == named)
                ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "The source of usage is gateway, allocation, app_runtime, tool_call or import.")
            : (UsageSource?)null;
        return new(
            org.Org.Id, from, to, Inputs.Query(context, "operation"), Inputs.Query(context, "correlation"), Inputs.Query(context, "project"),
            Inputs.Query(context, "team"), Inputs.Query(context, "key"), Inputs.Query(context, "user"), Inputs.Query(context, "feature"), Inputs.Query(context, "model"),
            Source: source, AppInstance: Inputs.Query(context, "app_instance"));
    }

    /// <summary>One object a line, the same as the items of a page.</summary>
    private static async Task WriteJsonLinesAsync(HttpContext context, IAsyncEnumerable<UsageRow> rows)
    {
        var viewer = Caller.Of(context).Viewer;
        context.Response.ContentType = "application/jsonl; charset=utf-8";
        await using var chunk = new MemoryStream();
        var count = 0;
        await foreach (var row in rows)
        {
            await JsonSerializer.SerializeAsync(chunk, UsageLine.From(row, viewer), ApiJson.Default.UsageLine, context.RequestAborted);
            chunk.WriteByte((byte)'\n');
            if (++count % RowsPerFlush != 0) continue;
            await context.Response.Body.WriteAsync(chunk.GetBuffer().AsMemory(0, (int)chunk.Length), context.RequestAborted);
            chunk.SetLength(0);
        }

        await context.Response.Body.WriteAsync(chunk.GetBuffer().AsMemory(0, (int)chunk.Length), context.RequestAborted);
    }

    /// <summary>Charges by usage record, then what corrected them: all of it sums to what the org pays for the range.</summary>
    private static async Task WriteFocusAsync(HttpContext context, ILedger ledger, FocusExport export, UsageFilter filter)
    {
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"focus-{filter.Org}.csv\"";
        await context.Response.WriteAsync(CsvLine.Of(export.Columns), context.RequestAborted);
        var (chunk, prices) = (new StringBuilder(), new Dictionary<int, ResolvedPrice?>());
        await foreach (var row in ledger.Read.UsageAsync(filter, context.RequestAborted)) await LineAsync(export.Row(row, await PriceAsync(row.Price), correction: null));
        await foreach (var posting in ledger.Read.PostingsAsync(filter.Org, filter.From, filter.To, after: 0, context.RequestAborted))
        {
            if (posting is not { Kind: PostingKind.Reversal or PostingKind.ReEntry, UsageSeq: > 0 }) continue;
            var corrected = filter with { From = Instant.MinValue, To = End, After = posting.UsageSeq - 1, Limit = 1 };
            await foreach (var row in ledger.Read.UsageAsync(corrected, context.RequestAborted))
            {
                if (row.Seq == posting.UsageSeq) await LineAsync(export.Row(row, await PriceAsync(row.Price), posting));
            }
        }

        await context.Response.WriteAsync(chunk.ToString(), context.RequestAborted);

        async ValueTask<ResolvedPrice?> PriceAsync(int number)
        {
            if (number > 0 && !prices.ContainsKey(number)) prices[number] = await ledger.Read.PriceAsync(filter.Org, number, context.RequestAborted);
            return prices.GetValueOrDefault(number);
        }

        async Task LineAsync(string?[] cells)
        {
            chunk.Append(CsvLine.Of(cells));
            if (chunk.Length < CharactersPerFlush) return;
            await context.Response.WriteAsync(chunk.ToString(), context.RequestAborted);
            chunk.Clear();
        }
    }

    private static async Task WriteCsvAsync(HttpContext context, IAsyncEnumerable<UsageRow> rows, string fileName)
    {
        context.Response.ContentType = "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{fileName}\"";
        var viewer = Caller.Of(context).Viewer;
        // Some cells are text from outside; escaped, a spreadsheet shows what would else be a formula to it.
        var form = new CsvWriterOptions { NewLine = "\n", Injection = CsvInjection.Escape };
        await using var chunk = new MemoryStream();
        await using var csv = CsvWriter.Create(chunk, form, leaveOpen: true);
        await csv.WriteRecordAsync(UsageLine.ColumnsFor(viewer), context.RequestAborted);
        var count = 0;
        await foreach (var row in rows)
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
