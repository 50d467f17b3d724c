using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tieout.Cli.Output;
using Tieout.Server.Metering;
using UsageColumn = Tieout.Core.Ledger.UsageColumn;

namespace Tieout.Cli.Commands;

/// <summary><c>usage ORG</c>: a page of usage records and corrections with what the whole filter comes to, or all of them.</summary>
internal static class UsageCommand
{
    private const int PageRows = 50;

    public static Command Build(Globals globals)
    {
        var org = new Argument<string>("ORG");
        var format = new Option<string?>("--format")
        {
            Description = "table or json: a page. csv, jsonl, focus (FOCUS as CSV) or parquet (FOCUS as Parquet): every row, oldest first. Default: table.",
        };
        format.AcceptOnlyFromAmong("csv", "jsonl", "focus", "parquet", "json", "table");
        var all = new Option<bool>("--all") { Description = "Every row instead of a page." };
        var limit = new Option<int>("--limit") { Description = "Rows of a page: 1 to 1000.", DefaultValueFactory = _ => PageRows, HelpName = "N" };
        var cursor = new Option<string?>("--cursor") { Description = "Continue after the previous page.", HelpName = "CURSOR" };
        Option<string?>[] filters =
        [
            new("--from") { Description = "A day, or a time with its offset. A day begins in the org's time zone.", HelpName = "TIME" },
            new("--to") { Description = "The end of the range, excluded.", HelpName = "TIME" },
            new("--order") { Description = "newest or oldest first. Default: newest for a page, oldest for every row." },
            .. UsageFilters.Options(),
        ];
        Option<string?>[] focus =
        [
            new("--profile") { Description = "Of focus: 1.3, or 1.5-draft with a row for each class of tokens. Default: 1.3." },
            new("--issuer") { Description = "Of focus: who issues the invoices. Default: Tieout.", HelpName = "NAME" },
            new("--billing-currency")
            {
                Description = "Of focus, for an org in units of the platform's own: the national currency that units are bought in, with --credit-price.",
                HelpName = "USD",
            },
            new("--credit-price") { Description = "Of focus: what one unit costs in the billing currency, for example 0.01.", HelpName = "PRICE" },
        ];
        var command = new Command("usage", "List usage records with their charges, and what corrected them. The charges sum to the ledger exactly.")
        {
            org, format, all, limit, cursor,
        };
        foreach (var option in filters.Concat(focus)) command.Add(option);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            (string Name, string? Value)[] given = [.. UsageFilters.Given(call, filters)];
            string[] path = ["orgs", call.Get(org), "usage"];
            var form = call.Get(format) ?? (call.Json ? "json" : "table");
            if (form is not ("json" or "table"))
            {
                // Counting by what single records have would take as long as the export.
                var isCounted = form != "parquet" && !call.Shell.IsTerminal && given.All(
                    value => value.Value is null || UsageColumn.Of(value.Name) is null or { Label: not null } or { HasTrait: not null });
                var count = isCounted ? (await PageAsync(1, after: null)).Count : 0;
                await call.CopyAsync(
                    api, ApiClient.Path(path, [.. given, .. UsageFilters.Given(call, focus), ("format", form)]), cancellationToken, count);
                return ExitCode.Ok;
            }

            var page = await PageAsync(call.Get(all) ? 1 : call.Get(limit), call.Get(cursor));
            if (call.Get(all))
            {
                var lines = api.LinesAsync(ApiClient.Path(path, [.. given, ("format", "jsonl")]), ApiClient.Json.UsageLine, cancellationToken);
                if (form == "json") await WriteJsonAsync(call.Shell.Out, page, lines);
                else await WriteTableAsync(call.Shell.Out, page, await lines.ToListAsync(cancellationToken));
            }
            else if (form == "json") await call.Shell.Out.WriteLineAsync(JsonOutput.Text(page, ApiClient.Json.UsagePageBody));
            else await WritePageAsync(call.Shell.Out, page);

            return ExitCode.Ok;

            Task<UsagePageBody> PageAsync(int rows, string? after) => api.GetAsync(
                ApiClient.Path(path, [.. given, ("limit", rows.ToString(CultureInfo.InvariantCulture)), ("cursor", after)]), ApiClient.Json.UsagePageBody,
                cancellationToken);
        });
    }

    private static async Task WritePageAsync(TextWriter text, UsagePageBody page)
    {
        await WriteTableAsync(text, page, page.Items);
        if (page.NextCursor is not { } next) return;
        await text.WriteLineAsync($"{page.Items.Count} rows are shown. Every row: --all or --format csv. Next page: --cursor {next}");
    }

    private static async Task WriteTableAsync(TextWriter text, UsagePageBody page, IReadOnlyList<UsageLine> lines)
    {
        var table = new TextTable("OCCURRED", "OPERATION", "PROJECT", "TEAM", "MODEL", ">IN", ">OUT", ">CHARGE", "BASIS");
        foreach (var line in lines)
        {
            table.Add(line.OccurredAt[..19], line.OperationId, line.ProjectId, line.TeamId, line.Model, $"{line.InputTokens}", $"{line.OutputTokens}",
                line.Unpriced ? "unpriced" : line.Charge.ToString(), line.PostingSeq is null ? line.Basis : line.Kind);
        }

        await table.WriteAsync(text);
        var cost = page.Sum.ProviderCost is { } provider ? $", provider cost {provider}" : "";
        var count = page.Count == 1 ? "1 usage record" : string.Create(CultureInfo.InvariantCulture, $"{page.Count} usage records");
        await text.WriteLineAsync($"All that match: {count}, charge {page.Sum.Charge} {page.Asset}, of it corrections {page.Sum.Corrections}{cost}.");
    }

    /// <summary>One document, but never more than a row of it in memory.</summary>
    private static async Task WriteJsonAsync(TextWriter text, UsagePageBody head, IAsyncEnumerable<UsageLine> lines)
    {
        var json = new ApiJson(new JsonSerializerOptions(ApiClient.Json.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        var document = JsonOutput.Text(head with { Items = [], NextCursor = null }, ApiClient.Json.UsagePageBody);
        const string items = "\"items\": [";
        var start = document.IndexOf(items, StringComparison.Ordinal) + items.Length;
        await text.WriteAsync(document.AsMemory(0, start));
        var rows = 0L;
        await foreach (var line in lines) await text.WriteAsync($"{(rows++ == 0 ? "" : ",")}\n    {JsonSerializer.Serialize(line, json.UsageLine)}");
        await text.WriteLineAsync($"{(rows == 0 ? "" : "\n  ")}{document[start..]}");
    }
}
