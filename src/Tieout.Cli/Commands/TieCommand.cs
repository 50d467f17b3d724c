using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Reconciliation;
using Tieout.Server.Reconciliation.Bills;

namespace Tieout.Cli.Commands;

/// <summary><c>tie --left ledger --right FILE</c>: ends with 1 when anything differs.</summary>
internal static class TieCommand
{
    private static readonly string[] Formats = ["csv", "jsonl", .. BillFormat.All.Keys.Order(StringComparer.Ordinal)];

    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "The org. A provider's bill may be compared with all orgs.", HelpName = "ORG" };
        var left = new Option<string>("--left") { Description = "Our side of the comparison.", DefaultValueFactory = _ => "ledger" };
        left.AcceptOnlyFromAmong("ledger");
        var right = new Option<string>("--right")
        {
            Required = true,
            Description = "A file of the other book; or a surface of the server's configuration: surface:NAME, its https:// address, or sql:NAME SELECT ... where it has no query of its own.",
            HelpName = "FILE|SURFACE"
        };
        var format = new Option<string?>("--right-format") { Description = "csv, jsonl, or a bill's. Default: by the file's ending, else csv." };
        format.AcceptOnlyFromAmong(Formats);
        var key = new Option<string?>(
            "--key")
        { Description = "Compare by org, day, key, project, team, feature, provider, model; NAME=COLUMN where the file names it otherwise. A bill's default: day.", HelpName = "org,day" };
        var amount = new Option<string?>("--amount") { Description = "The column with the figure. A bill's format has its own.", HelpName = "COLUMN" };
        var unit = new Option<string?>("--unit") { Description = "The unit of the figures: usd, cents (hundredths), or credits (the org's own units)." };
        unit.AcceptOnlyFromAmong("usd", "cents", "credits");
        var from = new Option<string?>("--from") { Description = "A day, or a time with its offset.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "The end of the range, excluded.", HelpName = "TIME" };
        var provider = new Option<string?>(
            "--provider")
        { Description = "A bill's provider, as the configuration names it. Default: the format's own.", HelpName = "NAME" };
        var lastWrite = new Option<string?>(
            "--last-write")
        { Description = "When the other book was last written, if known. Older than five minutes is critical.", HelpName = "TIME" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Compare only; store no finding of a bill's difference." };
        var command = new Command("tie",
            "Compare the ledger with another book, row by row, and explain each difference.") { left, right, format, org, key, amount, unit, from, to, provider,
                lastWrite, dryRun };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var file = call.Get(right);
            if (SurfaceArgument.Parse(file) is { } surface)
            {
                var given = new Option[] { format, org, key, amount, unit, provider }.FirstOrDefault(
                    option => call.Parsed.GetResult(option) is { Implicit: false });
                if (given is not null) throw new CommandFailedException(ExitCode.Usage, $"{given.Name} is the server's configuration's to say for a surface.");
                var tied = await surface.TieAsync(api,
                    [("from", call.Get(from)), ("to", call.Get(to)), ("last_write", call.Get(lastWrite)), ("dry_run", call.Get(dryRun) ? "true" : null)],
                    cancellationToken);
                await call.AnswerAsync(tied, TieJson.Default.TieBody, WriteAsync);
                return tied.Differing == 0 ? ExitCode.Ok : ExitCode.Findings;
            }

            var kind = call.Get(format) ?? (Path.GetExtension(file).ToUpperInvariant() is ".JSONL" or ".NDJSON" ? "jsonl" : "csv");
            var path = ApiClient.Path(
                call.Get(org) is { } named ? ["orgs", named, "ties"] : ["ties"], ("format", kind), ("key", call.Get(key)), ("amount", call.Get(amount)),
                ("unit", call.Get(unit)),
                ("provider", call.Get(provider)), ("from", call.Get(from)), ("to", call.Get(to)), ("last_write", call.Get(lastWrite)),
                ("dry_run", call.Get(dryRun) ? "true" : null));
            var answer = await call.SendFileAsync(api, path, file, "application/octet-stream", TieJson.Default.TieBody, cancellationToken);
            await call.AnswerAsync(answer, TieJson.Default.TieBody, WriteAsync);
            return answer.Differing == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static async Task WriteAsync(TieBody tie, TextWriter text)
    {
        var fields = tie.Rows.SelectMany(row => row.Key.Keys).Distinct(StringComparer.Ordinal).ToArray();
        var table = new TextTable([.. fields.Select(field => field.ToUpperInvariant()), ">LEFT", ">RIGHT", ">DIFFERENCE", "CAUSE"]);
        foreach (var row in tie.Rows)
        {
            table.Add([.. fields.Select(field => row.Key[field].GetString() ?? "none"), row.Left?.ToString(), row.Right?.ToString(), row.Difference.ToString(),
                row.Cause ?? ""]);
        }

        await table.WriteAsync(text);
        foreach (var row in tie.Rows.Where(row => row.Parts.Count > 0))
        {
            await text.WriteLineAsync($"\n{string.Join(' ', fields.Select(field => row.Key[field].GetString() ?? "none"))}: {row.Difference}");
            foreach (var part in row.Parts) await text.WriteLineAsync($"  {part.Amount}  {part.Cause}: {part.Detail}");
        }

        await text.WriteLineAsync(
            $"\nleft   {tie.LeftTotal} {tie.Asset}\nright  {tie.RightTotal} {tie.Asset}\ndrift  {tie.DriftPct} %  ({tie.Severity}; {tie.Differing} of {tie.Rows.Count} rows differ; days of {tie.TimeZone}, commit {tie.AsOf})");
        if (tie.Quarantine is { Rows: > 0 } set)
        {
            await text.WriteLineAsync($"\n{set.Rows} rows of nodes that occur twice, once without an instance type, were left out: {set.Amount} {tie.Asset}.");
            var tenants = new TextTable("TENANT", ">BEFORE", ">AFTER");
            foreach (var tenant in set.Tenants) tenants.Add(tenant.Tenant ?? "none", tenant.Before.ToString(), tenant.After.ToString());
            await tenants.WriteAsync(text);
        }

        if (tie.Finding is { } finding) await text.WriteLineAsync($"\nfinding  {finding.Id}  ({finding.State.Replace('_', ' ')})");
        if (tie.LeftOut > 0)
        {
            await text.WriteLineAsync($"{tie.LeftOut} of {tie.RightRows} rows of the file were left out: another org's, outside the range, or set aside.");
        }
    }
}
