using System.Net.Sockets;
using Npgsql;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>What a failure of PostgreSQL means to us: whose fault, and whether to try again.</summary>
internal static class PostgresFailure
{
    /// <summary>The world failed, and the transaction is as if it had never been: the same may be tried again at once.</summary>
    public static bool IsTransient(Exception failure) => failure is PostgresException server
        ? server.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.TooManyConnections || IsConnectionLost(failure)
        : IsConnectionLost(failure);

    /// <summary>The connection is gone, and with it whatever was not committed. What was sent last may have been.</summary>
    public static bool IsConnectionLost(Exception failure) => failure switch
    {
        PostgresException server =>
            server.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.DatabaseDropped or "25P03" || server.SqlState.StartsWith("08", StringComparison.Ordinal),
        NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException => true,
        _ => false,
    };

    /// <summary>The server refused a statement before the commit, so nothing of the transaction is stored.</summary>
    /// <remarks>
    /// An error that answers the commit itself says nothing: where a transaction spans machines ("could not commit transaction for shard ..."), part of it may
    /// be committed, or
    /// may be later. So the chain is asked.
    /// </remarks>
    public static bool IsRefusal(Exception failure) =>
        failure is PostgresException { BatchCommand: { } failed } && !IsConnectionLost(failure)
            && !string.Equals(failed.CommandText, BucketCommit.Commit, StringComparison.Ordinal);

    /// <summary>The server refused the values of a row, not the connection or the transaction: another command may be stored all the same.</summary>
    /// <remarks>Classes: 21 a row twice in one statement, 22 data exception, 23 a constraint, 54 a limit of the server exceeded by one value.</remarks>
    public static bool IsOfCommand(Exception failure) => failure is PostgresException { SqlState: ['2', '1' or '2' or '3', ..] or ['5', '4', ..] };

    /// <summary>The world failed. An operation on a connection that the driver has given up meanwhile is such a failure, too.</summary>
    public static bool IsWorld(Exception failure) => failure is NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException
        || failure is InvalidOperationException { Source: "Npgsql" };

    public static StoreUnavailableException ToUnavailable(Exception failure, StoreEffect effect) =>
        failure is StoreUnavailableException known && known.Effect == effect
        ? known
        : new($"PostgreSQL: {Message(failure)}", effect, FaultOf(failure), failure);

    private static StoreFault FaultOf(Exception failure) => failure is not PostgresException server ? StoreFault.InputOutput : server.SqlState switch
    {
        PostgresErrorCodes.DiskFull => StoreFault.Full,
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.QueryCanceled => StoreFault.Busy,
        PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege => StoreFault.NotWritable,
        _ => StoreFault.InputOutput,
    };

    private static string Message(Exception failure) => failure is PostgresException server ? $"{server.MessageText} ({server.SqlState})." : failure.Message;
}
