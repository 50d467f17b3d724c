using Tieout.Cli.Output;
using Tieout.Storage;
using Tieout.Storage.Reconciliation;

namespace Tieout.Cli.Commands;

/// <summary><c>correct FINDING --from BACKUP</c>: what no posting can repair, with the server stopped.</summary>
internal static class RestoreCommand
{
    public static async Task<int> RunAsync(Invocation call, string finding, string backup, string? data, bool dryRun)
    {
        var folder = data ?? (call.Shell.Variable("TIEOUT__DATA") is { Length: > 0 } named ? named : Shell.DefaultData);
        try
        {
            var done = RowRestore.Run(folder, finding, backup, dryRun);
            await call.Shell.Out.WriteLineAsync(call.Json
                ? JsonOutput.Text(json =>
                {
                    json.WriteStartObject();
                    json.WriteString("finding", finding);
                    json.WriteBoolean("applied", !dryRun);
                    json.WriteString("restored", done);
                    json.WriteEndObject();
                })
                : $"{done}.");
            return ExitCode.Ok;
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
