using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Cli.Commands;

/// <summary><c>backup</c> and <c>restore</c> of the embedded ledger. PostgreSQL has its own (<c>deploy/README.md</c>).</summary>
internal static class BackupCommands
{
    public static Command Backup(Globals globals)
    {
        var data = new Option<string?>("--data") { Description = $"Default: TIEOUT__DATA, else {Shell.DefaultData}.", HelpName = "DIR" };
        var to = new Option<string>("--to") { Description = "The file to write. It must not exist.", HelpName = "FILE", Required = true };
        return globals.Running(
            new("backup", "Copy the ledger as of one commit and verify the copy. Works while a server runs.") { data, to }, async (call, _) =>
        {
            var (folder, file) = (Folder(call, data), call.Get(to)!);
            Try(() => SqliteBackup.Write(folder, file));
            return await TellAsync(call, Verified(file), "backup", file);
        });
    }

    public static Command Restore(Globals globals)
    {
        var data = new Option<string?>(
            "--data")
        { Description = $"A folder without a ledger. Default: TIEOUT__DATA, else {Shell.DefaultData}.", HelpName = "DIR" };
        var from = new Option<string>("--from") { Description = "A file that 'tieout backup' wrote.", HelpName = "FILE", Required = true };
        return globals.Running(new("restore",
            "Restore a backup into a data folder without a ledger, and verify it. A backup contains no secrets: store them beside it.") { data, from },
            async (call, _) =>
        {
            var folder = Folder(call, data);
            Try(() => SqliteBackup.Restore(call.Get(from)!, folder));
            return await TellAsync(call, VerifyCommand.Run(folder), "restore", folder);
        });
    }

    private static string Folder(Invocation call, Option<string?> data) =>
        call.Get(data) ?? (call.Shell.Variable("TIEOUT__DATA") is { Length: > 0 } named ? named : Shell.DefaultData);

    /// <summary>A backup is verified as what it will be: the ledger of a folder.</summary>
    private static VerificationReport Verified(string file)
    {
        var folder = Directory.CreateTempSubdirectory("tieout-backup-").FullName;
        try
        {
            File.CreateSymbolicLink(Path.Combine(folder, "tieout.db"), Path.GetFullPath(file));
            return VerifyCommand.Run(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> TellAsync(Invocation call, VerificationReport report, string what, string place)
    {
        await call.Shell.Out.WriteLineAsync(call.Json
            ? JsonOutput.Text(json =>
            {
                json.WriteStartObject();
                json.WriteString(what, place);
                json.WritePropertyName("verified");
                VerifyCommand.Write(json, report);
                json.WriteEndObject();
            })
            : $"{place}: {(report.Ok ? "there, and verified." : "there, but something in it is broken: run verify.")}");
        return report.Ok ? ExitCode.Ok : ExitCode.Findings;
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (DataFolderInUseException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "data_in_use", e);
        }
        catch (Exception e) when (e is StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "store_unavailable", e);
        }
    }
}
