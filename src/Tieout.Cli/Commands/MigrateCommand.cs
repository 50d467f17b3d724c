using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Storage;
using Tieout.Storage.Postgres.Moving;

namespace Tieout.Cli.Commands;

/// <summary><c>migrate</c>: moves an embedded ledger to PostgreSQL and proves both sides right.</summary>
internal static class MigrateCommand
{
    private const string Embedded = "sqlite:";

    public static Command Build(Globals globals)
    {
        var from = new Option<string>("--from")
        {
            Description = "The data folder to move, as sqlite:DIR. No server may use it meanwhile. It is not changed.",
            HelpName = "STORE",
            Required = true
        };
        var to = new Option<string>("--to") { Description = "An empty database: postgres://user@host:port/database.", HelpName = "STORE", Required = true };
        return globals.Running(new("migrate",
            "Move a ledger from its file to PostgreSQL, with rows, numbers and hash chain unchanged, and verify both sides.") { from, to },
            async (call, cancellationToken) =>
        {
            var (source, target) = (call.Get(from)!, call.Get(to)!);
            if (!source.StartsWith(Embedded, StringComparison.Ordinal) || source.Length == Embedded.Length)
            {
                throw new CommandFailedException(ExitCode.Usage, $"'{source}' cannot be moved from: write sqlite:DIR.");
            }

            if (StoreOption.Parse(target) is null)
            {
                throw new CommandFailedException(ExitCode.Usage, "Only PostgreSQL can be moved to: write postgres://user@host:port/database.");
            }

            var folder = source[Embedded.Length..];
            using var progress = ProgressLine.Begin(call.Shell, call.Json);
            var (commit, hash) = await RunAsync(folder, target, progress, cancellationToken);
            progress?.Dispose();
            var left = VerifyCommand.Run(folder, progress: progress?.Again());
            var right = await VerifyCommand.RunAsync(target, secret: null, cancellationToken, progress: progress?.Again());
            progress?.Dispose();
            await call.Shell.Out.WriteLineAsync(call.Json
                ? JsonOutput.Text(json =>
                {
                    json.WriteStartObject();
                    json.WriteNumber("commit", commit);
                    json.WriteString("hash", hash);
                    json.WritePropertyName("from");
                    VerifyCommand.Write(json, left);
                    json.WritePropertyName("to");
                    VerifyCommand.Write(json, right);
                    json.WriteEndObject();
                })
                : $"Moved: both sides end at commit {commit} with the hash {hash}. {Told(left, "The file")} {Told(right, "The database")}");
            return left.Ok && right.Ok ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static string Told(VerificationReport report, string side) => report.Ok ? $"{side} is verified." : $"{side} has something broken: run verify.";

    private static async Task<(long Commit, string Hash)> RunAsync(
        string folder, string store, IProgress<RowProgress>? progress, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder)) throw new CommandFailedException(ExitCode.Unreachable, $"There is no ledger in {folder}.", "store_unavailable");
        try
        {
            return await MoveFromSqlite.RunAsync(folder, store, progress, cancellationToken);
        }
        catch (DataFolderInUseException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, "data_in_use", e);
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreCorruptException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, e.Message, e is StoreCorruptException ? "store_corrupt" : "store_unavailable", e);
        }
    }
}
