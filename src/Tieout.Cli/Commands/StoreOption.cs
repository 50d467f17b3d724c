using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Storage;
using Tieout.Storage.Postgres;

namespace Tieout.Cli.Commands;

/// <summary><c>--store</c>: where the ledger is kept.</summary>
internal static class StoreOption
{
    public static Option<string?> Data() => new("--data") { Description = $"Default: TIEOUT__DATA, else {Shell.DefaultData}.", HelpName = "DIR" };

    /// <param name="subject">What is named by it.</param>
    public static Option<string?> Store(string subject = "A PostgreSQL store") => new("--store")
    {
        Description = $"{subject}: postgres://user@host:port/database. Default: TIEOUT__STORE, else the data folder.",
        HelpName = "STORE",
    };

    /// <summary>The store that a command without a server works on.</summary>
    /// <returns>The address of a PostgreSQL store, or null; and the data folder, which is the store where there is no address.</returns>
    /// <exception cref="CommandFailedException">The address is not valid.</exception>
    public static (string? Postgres, string Folder) Of(Invocation call, Option<string?> data, Option<string?> store)
    {
        var named = call.Get(store) ?? (call.Get(data) is null ? call.Shell.Variable("TIEOUT__STORE") : null);
        var folder = call.Get(data) ?? (call.Shell.Variable("TIEOUT__DATA") is { Length: > 0 } here ? here : Shell.DefaultData);
        return (named is { Length: > 0 } ? Parse(named) : null, folder);
    }

    /// <returns>The address of a PostgreSQL store; null: the embedded one.</returns>
    /// <exception cref="CommandFailedException">It is neither.</exception>
    public static string? Parse(string store) => store == "sqlite" ? null
        : PostgresAddress.Validate(store) is not { } flaw ? store
        : throw new CommandFailedException(
            ExitCode.Usage, $"The store is not valid: {flaw}. Write sqlite, or an address such as postgres://tieout@127.0.0.1:5432/tieout.");

    /// <param name="data">The folder that still keeps what is this server's own: its spool and its secrets.</param>
    /// <exception cref="CommandFailedException">The database cannot be had, or the folder.</exception>
    public static async Task<ILedger> OpenAsync(string store, string data)
    {
        try
        {
            PrivateFiles.CreateFolder(data);
            return await PostgresLedger.OpenAsync(store);
        }
        catch (StoreUnavailableException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"The store cannot be opened: {e.Message}", "store_unavailable", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"The data folder {data} cannot be created: {e.Message}", "store_unavailable", e);
        }
    }
}
