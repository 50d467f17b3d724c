using Tieout.Storage;
using Tieout.Storage.Postgres;

namespace Tieout.Cli.Commands;

/// <summary><c>--store</c>: where the ledger is kept.</summary>
internal static class StoreOption
{
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
