using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Storage;
using Tieout.Storage.Archive;

namespace Tieout.Cli.Commands;

/// <summary><c>archive plan</c>: which archived months nothing needs in the ledger. It removes nothing. Ends with 1 where something needs rows.</summary>
internal static class ArchivePlanCommand
{
    private const string Kept = "Nothing was removed.";

    public static Command Build(Globals globals)
    {
        var before = new Option<string>("--before") { Description = "Months before this one, YYYY-MM, in UTC by the time of recording.", HelpName = "MONTH", Required = true };
        var archive = new Option<string>("--archive") { Description = "The archive's folder. It is verified as a whole first.", HelpName = "DIR", Required = true };
        var (data, store) = (StoreOption.Data(), StoreOption.Store());
        return globals.Running(new("plan",
            "Show which archived months nothing in the ledger needs any more, and what needs the others. Compares each archived row with the ledger's. "
            + "Removes nothing. Works while a server runs.") { before, archive, data, store },
            async (call, cancellationToken) =>
        {
            if (!Month.TryParse(call.Get(before)!, out var month))
            {
                throw new CommandFailedException(ExitCode.Usage, $"'{call.Get(before)}' is not a month: write YYYY-MM, such as 2026-11.");
            }

            var (postgres, folder) = StoreOption.Of(call, data, store);
            using var progress = ProgressLine.Begin(call.Shell, call.Json);
            var rows = new Interruption(progress, cancellationToken);
            var plan = await rows.RunAsync(
                () => RunAsync(postgres, folder, month, call.Get(archive)!, rows, cancellationToken),
                "The plan only reads: nothing was changed. Run the command again: it begins anew.");
            progress?.Dispose();
            if (call.Json) await call.Shell.Out.WriteLineAsync(Json(plan));
            else await WriteAsync(call.Shell, plan, Kept);
            return plan.Ok ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static async Task<ArchivePlan> RunAsync(
        string? postgres, string folder, Month before, string archive, IProgress<RowProgress>? progress, CancellationToken cancellationToken)
    {
        var now = Instant.From(TimeProvider.System.GetUtcNow());
        try
        {
            return postgres is not null
                ? await ArchivePlan.OfPostgresAsync(postgres, before, archive, now, cancellationToken, progress)
                : await ArchivePlan.OfSqliteAsync(folder, before, archive, now, progress);
        }
        catch (StoreCorruptException e)
        {
            throw new CommandFailedException(ExitCode.Findings, e.Message, "store_corrupt", e);
        }
        catch (Exception e) when (e is StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "store_unavailable", e);
        }
    }

    /// <param name="next">What the last line says.</param>
    public static async Task WriteAsync(Shell shell, ArchivePlan plan, string next)
    {
        var table = new TextTable(">BUCKET", "MONTH", ">COMMITS", ">USAGE", ">POSTINGS", ">HOLDS", ">ORGS", ">ARCHIVE BYTES", "STILL NEEDED");
        foreach (var month in plan.Months)
        {
            table.Add($"{month.Bucket}", month.Month, $"{month.FirstCommit}-{month.LastCommit}", Count(month.Usage), Count(month.Postings), Count(month.Holds),
                $"{month.Orgs.Count}", Count(month.Bytes), month.Obstacles.Count == 0 ? "no" : "yes");
        }

        await table.WriteAsync(shell.Out);
        foreach (var row in plan.Archive.Checks.SelectMany(check => check.Rows.Select(row => $"archive, {check.Id}: {row}"))) await shell.Out.WriteLineAsync(row);
        foreach (var month in plan.Months)
        {
            foreach (var obstacle in month.Obstacles) await shell.Out.WriteLineAsync($"bucket {month.Bucket}, {month.Month}: {obstacle}");
        }

        await shell.Out.WriteLineAsync(next);
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <param name="id">Of the plan of a detachment; null: there is none.</param>
    public static string Json(ArchivePlan plan, string? id = null) => JsonOutput.Text(json =>
    {
        json.WriteStartObject();
        if (id is not null) json.WriteString("plan", id);
        json.WriteBoolean("ok", plan.Ok);
        json.WriteBoolean("removed", false);
        json.WritePropertyName("archive");
        VerifyCommand.Write(json, plan.Archive);
        json.WriteStartArray("months");
        foreach (var month in plan.Months)
        {
            json.WriteStartObject();
            json.WriteNumber("bucket", month.Bucket);
            json.WriteString("month", month.Month);
            json.WriteNumber("first_commit", month.FirstCommit);
            json.WriteNumber("last_commit", month.LastCommit);
            json.WriteNumber("usage", month.Usage);
            json.WriteNumber("postings", month.Postings);
            json.WriteNumber("holds", month.Holds);
            json.WriteNumber("archive_bytes", month.Bytes);
            WriteTexts(json, "orgs", month.Orgs);
            WriteTexts(json, "still_needed", month.Obstacles);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteTexts(System.Text.Json.Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
