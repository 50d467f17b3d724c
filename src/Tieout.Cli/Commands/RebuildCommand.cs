using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Storage;
using Tieout.Storage.Follower;

namespace Tieout.Cli.Commands;

/// <summary><c>rebuild derived</c>: counts every row anew, without a server. Ends with 1 when the ledger's own figures say something else.</summary>
internal static class RebuildCommand
{
    public static Command Build(Globals globals)
    {
        var (data, store) = (StoreOption.Data(), StoreOption.Store());
        var archive = new Option<string?>("--archive") { Description = "The archive that has the detached months. Needed where months were detached.", HelpName = "DIR" };
        var derived = new Command("derived",
            "Drop the sums that reports read and count every row anew. Reports stay exact meanwhile. A data folder must not be in use by a server; "
            + "servers on PostgreSQL may run, and count too.") { data, store, archive };
        globals.Running(derived, async (call, cancellationToken) =>
        {
            var (postgres, folder) = StoreOption.Of(call, data, store);
            using var progress = ProgressLine.Begin(call.Shell, call.Json);
            var rows = new Interruption(progress, cancellationToken);
            var report = await rows.RunAsync(
                () => RunAsync(postgres, folder, call.Get(archive), rows, cancellationToken),
                "The counted rows are stored, and reports stay exact: they read the other rows one by one. A server continues from there. This command starts again.");
            progress?.Dispose();
            await call.Shell.Out.WriteLineAsync(call.Json ? Json(report) : Text(report));
            return report.Differences.Count == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
        return new("rebuild", "Compute anew what follows from rows.") { derived };
    }

    private static async Task<RebuildReport> RunAsync(
        string? postgres, string folder, string? archive, IProgress<RowProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            return postgres is not null
                ? await FollowerRebuild.PostgresAsync(postgres, archive, progress, cancellationToken)
                : await FollowerRebuild.SqliteAsync(folder, archive, progress, cancellationToken);
        }
        catch (DataFolderInUseException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "data_in_use", e);
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

    private static string Text(RebuildReport report)
    {
        var counted = string.Create(CultureInfo.InvariantCulture, $"Counted {report.Rows:N0} rows anew.");
        return report.Differences.Count == 0
            ? $"{counted} The ledger's own figures say the same."
            : string.Join('\n', report.Differences.Select(difference => $"{difference.Code.Name} {difference.Scope.Org}: {difference.Cause}"))
                + $"\n{counted} {report.Differences.Count} figures of the ledger differ: 'tieout reconcile' shows their repair.";
    }

    private static string Json(RebuildReport report) => JsonOutput.Text(json =>
    {
        json.WriteStartObject();
        json.WriteNumber("rows", report.Rows);
        json.WriteStartArray("differences");
        foreach (var difference in report.Differences)
        {
            json.WriteStartObject();
            json.WriteString("code", difference.Code.Name);
            json.WriteString("org", difference.Scope.Org);
            json.WriteString("cause", difference.Cause);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
