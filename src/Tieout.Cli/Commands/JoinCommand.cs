using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tieout.Cli.Output;
using Tieout.Core.Attribution.Contracts;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation;

namespace Tieout.Cli.Commands;

/// <summary><c>join --right FILE --keys tenant,workload,window</c>: are these keys enough?</summary>
internal static class JoinCommand
{
    private const string Tenant = "tenant";
    private const string Window = "window";

    /// <summary>The surest first: a usage id names one record.</summary>
    private static readonly string[] Lineages = ["usage_id", "operation_id", "correlation_id", "trace_id"];

    public static Command Build(Globals globals)
    {
        var right = new Option<string>("--right")
        {
            Required = true,
            Description = "The other book: CSV, or JSON Lines (.jsonl). It needs the keys, the cost, and at least one lineage id for the comparison.",
            HelpName = "FILE",
        };
        var keys = new Option<string?>("--keys")
        {
            Description = "The keys to try. tenant is the org, workload the feature, window the hour or day; others are columns of usage. Default: tenant,workload,window.",
            HelpName = "tenant,workload,window",
        };
        var window = new Option<string?>("--window") { Description = "hour or day, in UTC. Default: hour." };
        window.AcceptOnlyFromAmong("hour", "day");
        var cost = new Option<string?>("--cost") { Description = "The column with the cost. Default: cost.", HelpName = "COLUMN" };
        var org = new Option<string?>("--org") { Description = "Only usage of this org. Default: of all orgs.", HelpName = "ORG" };
        var from = new Option<string>("--from") { Required = true, Description = "A day, or a time with its offset.", HelpName = "TIME" };
        var to = new Option<string>("--to") { Required = true, Description = "The end of the range, excluded.", HelpName = "TIME" };
        var command = new Command(
            "join",
            "Say whether some keys are enough to join another book to usage, and how much cost would land on the wrong tenant. Exit code 1: they are not.")
        {
            right, keys, window, cost, org, from, to,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var form = new JoinForm([.. (call.Get(keys) ?? "tenant,workload,window").Split(',')], call.Get(window) ?? "hour", call.Get(cost) ?? "cost");
            var trial = new JoinTrial();
            foreach (var name in await OrgsAsync(api, call.Get(org), cancellationToken))
            {
                var path = ApiClient.Path(["orgs", name, "usage"], ("format", "jsonl"), ("from", call.Get(from)), ("to", call.Get(to)));
                await foreach (var row in api.LinesAsync(path, ApiClient.Json.JsonElement, cancellationToken)) AddUsage(trial, form, row);
            }

            await ReadAsync(trial, form, call.Get(right), cancellationToken);
            if (call.Json) await call.Shell.Out.WriteLineAsync(JsonOutput.Text(json => JoinReport.Write(json, trial, form)));
            else await JoinReport.WriteAsync(trial, form, call.Shell.Out);
            return trial.AreKeysEnough ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static async Task<IEnumerable<string>> OrgsAsync(ApiClient api, string? org, CancellationToken cancellationToken) => org is not null
        ? [org] : (await api.GetAsync("orgs", ApiClient.Json.OrgListBody, cancellationToken)).Items.Select(item => item.Id);

    private static void AddUsage(JoinTrial trial, JoinForm form, JsonElement row)
    {
        if (row.GetProperty("kind").GetString() != "usage") return;
        var key = form.Key(name => name == Window ? form.WindowOf(row.GetProperty("occurred_at").GetString()!) : Text(row, JoinForm.ColumnOf(name)));
        var ids = Lineages.Where(name => Text(row, name) is not null).Select(name => $"{name} {Text(row, name)}");
        trial.AddUsage(row.GetProperty("org_id").GetString()!, key, ids);
    }

    private static string? Text(JsonElement row, string name) => row.TryGetProperty(name, out var value)
        ? value.ValueKind is JsonValueKind.String ? value.GetString() : value.ValueKind is JsonValueKind.Null ? null : value.GetRawText()
        : throw new CommandFailedException(ExitCode.Usage, $"Usage has no column '{name}'.", "parameter_invalid");

    private static async Task ReadAsync(JoinTrial trial, JoinForm form, string file, CancellationToken cancellationToken)
    {
        (string, bool)[] columns = [.. form.Keys.Select(name => (name, true)), .. Lineages.Select(name => (name, false))];
        var tenant = Array.IndexOf(form.Keys, Tenant);
        try
        {
            await using var rows = InputFile.Open(file);
            await JoinFile.ReadAsync(rows, file, columns, form.Cost, (cells, cost, line) =>
            {
                var key = form.Key(name => cells[Array.IndexOf(form.Keys, name)] is var cell && cell is not null && name == Window
                    ? form.WindowOf(cell, line) : cell);
                var ids = Lineages.Zip(cells[form.Keys.Length..]).Where(id => id.Second is not null).Select(id => $"{id.First} {id.Second}");
                trial.AddRow(key, tenant < 0 ? null : cells[tenant], ids, cost);
            }, cancellationToken);
        }
        catch (ApiRefusedException e)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{file}: {e.Detail ?? e.Message}", e.Error.Code, e);
        }
    }
}

/// <summary>What a trial is made with.</summary>
/// <param name="Window">hour or day.</param>
internal sealed record JoinForm(string[] Keys, string Window, string Cost)
{
    public string Key(Func<string, string?> of) => string.Join('\n', Keys.Select(name => of(name) is { } value ? $"={value}" : ""));

    public static string ColumnOf(string key) => key switch
    {
        "tenant" => "org_id",
        "workload" => "feature",
        "project" or "team" or "key" or "user" => $"{key}_id",
        _ => key,
    };

    /// <summary>When the hour or day begins, in UTC.</summary>
    public string WindowOf(string text, long line = 0)
    {
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            throw new CommandFailedException(
                ExitCode.Usage, $"Line {line}: '{text}' is not a time: write a day such as 2026-11-22, or a time with its offset such as 2026-11-22T08:00:00Z.");
        }

        return time.UtcDateTime.ToString(Window == "day" ? "yyyy-MM-dd" : "yyyy-MM-dd'T'HH", CultureInfo.InvariantCulture);
    }
}
