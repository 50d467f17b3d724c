using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tieout.Cli.Output;
using Tieout.Server.Metering;

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
            Description = "table or json: a page. csv, jsonl or focus (FOCUS 1.3): every row, oldest first. Default: table.",
        };
        format.AcceptOnlyFromAmong("csv", "jsonl", "focus", "json", "table");
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
        var command = new Command("usage", "List usage records with their charges, and what corrected them. The charges sum to the ledger exactly.")
        {
            org, format, all, limit, cursor,
        };
        foreach (var filter in filters) command.Add(filter);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            (string, string?)[] given = [.. UsageFilters.Given(call, filters)];
            string[] path = ["orgs", call.Get(org), "usage"];
            var form = call.Get(format) ?? (call.Json ? "json" : "table");
            if (form is not ("json" or "table"))
            {
                await call.CopyAsync(api, ApiClient.Path(path, [.. given, ("format", form)]), cancellationToken);
                return ExitCode.Ok;
            }

            var rows = call.Get(all) ? 1 : call.Get(limit);
            var page = await api.GetAsync(
                ApiClient.Path(path, [.. given, ("limit", rows.ToString(CultureInfo.InvariantCulture)), ("cursor", call.Get(cursor))]),
                ApiClient.Json.UsagePageBody, cancellationToken);
            if (call.Get(all))
            {
                var lines = api.LinesAsync(ApiClient.Path(path, [.. given, ("format", "jsonl")]), ApiClient.Json.UsageLine, cancellationToken);
                if (form == "json") await WriteJsonAsync(call.Shell.Out, page, lines);
                else await WriteTableAsync(call.Shell.Out, page, await lines.ToListAsync(cancellationToken));
            }
            else if (form == "json") await call.Shell.Out.WriteLineAsync(JsonOutput.Text(page, ApiClient.Json.UsagePageBody));
            else await WritePageAsync(call.Shell.Out, page);

            return ExitCode.Ok;
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
