using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Server.Ledger;
using Tieout.Storage;
using Tieout.Storage.Detaching;

namespace Tieout.Cli.Commands;

/// <summary><c>archive detach</c>: takes archived months out of a ledger, on a second command that names the plan of the first.</summary>
internal static class ArchiveDetachCommand
{
    /// <summary>A server has the data folder.</summary>
    private const string InUse = "data_in_use";

    public static Command Build(Globals globals)
    {
        var before = new Option<string>("--before") { Description = "Months before this one, YYYY-MM, in UTC by the time of recording.", HelpName = "MONTH", Required = true };
        var archive = new Option<string>("--archive") { Description = "The archive's folder. It has the rows from then on: keep copies of it.", HelpName = "DIR", Required = true };
        var plan = new Option<string?>("--plan") { Description = "Carry out the plan with this id. Without it, the command only shows the plan and its id.", HelpName = "ID" };
        var config = new Option<string?>("--config") { Description = "The server's configuration: approvals in it ask for a second person. Default: tieout.yaml here.", HelpName = "FILE" };
        var (data, store) = (StoreOption.Data(), StoreOption.Store());
        return globals.Running(new("detach",
            "Take archived months out of the ledger: their rows are then in the archive alone. Figures stay what they are. The first command shows the plan, "
            + "a second one with --plan carries it out, and goes on where it was interrupted. Servers may run: where one has the data folder, the command asks it.")
            { before, archive, plan, config, data, store },
            async (call, cancellationToken) =>
        {
            if (!Month.TryParse(call.Get(before)!, out var month))
            {
                throw new CommandFailedException(ExitCode.Usage, $"'{call.Get(before)}' is not a month: write YYYY-MM, such as 2026-11.");
            }

            var (postgres, folder) = StoreOption.Of(call, data, store);
            var (named, at) = (call.Get(plan), call.Get(archive)!);
            if (named is null) return await ShowAsync(call, postgres, folder, month, at, cancellationToken);
            var people = DetachPeople.Of(globals, call, call.Get(config));
            using var progress = ProgressLine.Begin(call.Shell, call.Json);
            var rows = new Interruption(progress, cancellationToken);
            var order = new DetachOrder(month, at, named, orgs =>
            {
                OfflineGuard.Pass(orgs, DetachEndpoints.Action);
                return people.Action(orgs, named, TimeProvider.System.GetUtcNow());
            });
            DetachReport report;
            try
            {
                report = await RunAsync(postgres, folder, order, rows, cancellationToken);
            }
            catch (CommandFailedException e) when (e.Code == InUse || (e.Code == OfflineGuard.AsksServer && postgres is not null))
            {
                return await DetachServer.RunAsync(call, new(month.ToString(), Path.GetFullPath(at), named), rows, progress, cancellationToken);
            }

            progress?.Dispose();
            await call.Shell.Out.WriteLineAsync(call.Json ? Json(report) : Text(report));
            return ExitCode.Ok;
        });
    }

    private static async Task<int> ShowAsync(
        Invocation call, string? postgres, string folder, Month before, string archive, CancellationToken cancellationToken)
    {
        var now = Instant.From(TimeProvider.System.GetUtcNow());
        using var progress = ProgressLine.Begin(call.Shell, call.Json);
        var rows = new Interruption(progress, cancellationToken);
        var plan = await rows.RunAsync(
            () => TryAsync(() => postgres is not null
                ? LedgerDetachment.PlanPostgresAsync(postgres, before, archive, now, cancellationToken, rows)
                : LedgerDetachment.PlanSqliteAsync(folder, before, archive, now, rows)),
            "Nothing was removed. Run the command again: it begins anew.");
        progress?.Dispose();
        var next = plan.Id is null
            ? "Nothing can be detached. Nothing was removed."
            : $"The rows of {string.Join(", ", plan.Months.Select(month => month.Month).Distinct().Order(StringComparer.Ordinal))} would go. Nothing was removed yet. Plan: {plan.Id}\n"
                + $"Copy the archive to another place, and run the command again with --plan {plan.Id}.";
        if (call.Json) await call.Shell.Out.WriteLineAsync(ArchivePlanCommand.Json(plan.Plan, plan.Id));
        else await ArchivePlanCommand.WriteAsync(call.Shell, plan.Plan, next);
        return plan.Id is null ? ExitCode.Findings : ExitCode.Ok;
    }

    private static Task<DetachReport> RunAsync(
        string? postgres, string folder, DetachOrder order, Interruption rows, CancellationToken cancellationToken) => rows.RunAsync(
            () => TryAsync(() => postgres is not null
                ? LedgerDetachment.PostgresAsync(postgres, order, TimeProvider.System, rows, cancellationToken)
                : LedgerDetachment.SqliteAsync(folder, order, TimeProvider.System, rows, cancellationToken)),
            $"No row is lost: each row of the plan that is not in the ledger is in {order.Archive}, and figures are what they were. Run the same command again: it goes on.");

    private static async Task<T> TryAsync<T>(Func<Task<T>> run)
    {
        try
        {
            return await run();
        }
        catch (DataFolderInUseException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, InUse, e);
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

    private static string Text(DetachReport report)
    {
        var (rows, archive) = (report.Rows, report.Books[0].Archive);
        var upTo = report.Books.Count == 1 ? $"commit {report.Books[0].Last.Commit}" : $"a commit of each of {report.Books.Count} buckets";
        var done = string.Create(
            CultureInfo.InvariantCulture,
            $"Detached {rows.Usage:N0} usage records, {rows.Postings:N0} postings and {rows.Holds:N0} holds up to {upTo}: {archive} has them.");
        var size = report.FreedBytes > 0
            ? string.Create(CultureInfo.InvariantCulture, $"The store is {report.FreedBytes:N0} bytes smaller.")
            : "The store keeps its size: new rows use the free pages.";
        return $"{done}\n{size} 'tieout verify' begins after {(report.Books.Count == 1 ? "this commit" : "these commits")}; "
            + $"'tieout verify --archive {archive}' proves the rest.";
    }

    private static string Json(DetachReport report) => JsonOutput.Text(json =>
    {
        json.WriteStartObject();
        json.WriteString("plan", report.Books[0].Plan);
        json.WriteString("archive", report.Books[0].Archive);
        if (report.Books.Count == 1) json.WriteNumber("last_commit", report.Books[0].Last.Commit);
        json.WriteNumber("books", report.Books.Count);
        json.WriteNumber("usage", report.Rows.Usage);
        json.WriteNumber("postings", report.Rows.Postings);
        json.WriteNumber("holds", report.Rows.Holds);
        json.WriteNumber("removed_rows", report.Removed);
        json.WriteNumber("freed_bytes", report.FreedBytes);
        json.WriteEndObject();
    });
}
