using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tieout.Cli.Output;
using Tieout.Server.Metering;

namespace Tieout.Cli.Commands;

/// <summary><c>usage ORG</c>: every usage record that the filter matches, however many.</summary>
internal static class UsageCommand
{
    private const string PageRows = "1000";

    /// <summary>Options that are passed on as they are.</summary>
    private static readonly string[] Exact = ["project", "team", "key", "user", "feature", "model", "operation", "correlation", "source", "app-instance"];

    public static Command Build(Globals globals)
    {
        var org = new Argument<string>("ORG");
        var format = new Option<string?>("--format") { Description = "csv, jsonl, focus (FOCUS 1.3), json or table." };
        format.AcceptOnlyFromAmong("csv", "jsonl", "focus", "json", "table");
        var from = new Option<string?>("--from") { Description = "A day, or a time with its offset.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "The end of the range, excluded.", HelpName = "TIME" };
        Option<string?>[] filters =
        [
            from, to, .. Exact.Select(name => new Option<string?>($"--{name}") { Description = $"Only this {name.Replace('-', ' ')}." }),
        ];
        var command = new Command("usage", "List usage records with their charges.") { org, format };
        foreach (var filter in filters) command.Add(filter);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var given = filters.Select(filter => (filter.Name[2..].Replace('-', '_'), call.Get(filter))).ToArray();
            string[] path = ["orgs", call.Get(org), "usage"];
            switch (call.Get(format) ?? (call.Json ? "json" : "table"))
            {
                case ("csv" or "jsonl" or "focus") and var form:
                    await call.CopyAsync(api, ApiClient.Path(path, [.. given, ("format", form)]), cancellationToken);
                    break;
                case "json":
                    await WriteJsonAsync(call.Shell, PagesAsync(api, path, given, cancellationToken));
                    break;
                default:
                    await WriteTableAsync(call.Shell, PagesAsync(api, path, given, cancellationToken));
                    break;
            }

            return ExitCode.Ok;
        });
    }

    private static async IAsyncEnumerable<UsagePageBody> PagesAsync(
        ApiClient api, string[] path, (string, string?)[] filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = await api.GetAsync(
                ApiClient.Path(path, [.. filter, ("limit", PageRows), ("cursor", cursor)]), ApiClient.Json.UsagePageBody, cancellationToken);
            yield return page;
            cursor = page.NextCursor;
        }
        while (cursor is not null);
    }

    /// <summary>One document, but never more than a page of it in memory.</summary>
    private static async Task WriteJsonAsync(Shell shell, IAsyncEnumerable<UsagePageBody> pages)
    {
        var options = new JsonSerializerOptions(ApiClient.Json.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        var lines = new ApiJson(options);
        var rows = 0L;
        var asOf = 0L;
        await foreach (var page in pages)
        {
            if (rows == 0 && asOf == 0)
            {
                await shell.Out.WriteAsync(
                    $"{{\n  \"org\": {JsonSerializer.Serialize(page.Org, lines.String)},\n  \"asset\": \"{page.Asset}\",\n  \"time_zone\": \"{page.TimeZone}\",\n  \"items\": [");
            }

            foreach (var line in page.Items) await shell.Out.WriteAsync($"{(rows++ == 0 ? "" : ",")}\n    {JsonSerializer.Serialize(line, lines.UsageLine)}");
            asOf = page.AsOf;
        }

        await shell.Out.WriteLineAsync($"{(rows == 0 ? "" : "\n  ")}],\n  \"as_of\": {asOf}\n}}");
    }

    private static async Task WriteTableAsync(Shell shell, IAsyncEnumerable<UsagePageBody> pages)
    {
        var table = new TextTable("OCCURRED", "OPERATION", "PROJECT", "TEAM", "MODEL", ">IN", ">OUT", ">CHARGE", "BASIS");
        await foreach (var page in pages)
        {
            foreach (var line in page.Items)
            {
                table.Add(line.OccurredAt[..19], line.OperationId, line.ProjectId, line.TeamId, line.Model, $"{line.InputTokens}", $"{line.OutputTokens}",
                    line.Unpriced ? "unpriced" : line.Charge.ToString(), line.Basis);
            }
        }

        await table.WriteAsync(shell.Out);
    }
}
