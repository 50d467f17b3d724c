using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Sqlite;

/// <summary>A connection to the ledger's file for tables beside the ledger, such as refused requests. One statement or transaction at a time. A power cut may
/// lose the last of them.</summary>
internal sealed class SideConnection(string database) : IDisposable
{
    private readonly Lock _gate = new();
    private RawConnection? _connection;

    /// <summary>Runs statements in one transaction.</summary>
    public Task WriteAsync(Action<RawConnection> write, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            lock (_gate)
            {
                var connection = Connection();
                try
                {
                    connection.Execute("BEGIN IMMEDIATE");
                    write(connection);
                    connection.Execute("COMMIT");
                }
                finally
                {
                    connection.RollBack();
                }
            }
        }, cancellationToken);

    public Task<T> ReadAsync<T>(Func<RawConnection, T> read, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            lock (_gate) return read(Connection());
        }, cancellationToken);

    /// <summary>One statement, of those in <see cref="WriteAsync"/>.</summary>
    public static void Run(RawConnection connection, string sql, params ReadOnlySpan<object?> values) =>
        new Query(sql).Then("", values).List(connection, _ => true);

    public void Dispose()
    {
        lock (_gate)
        {
            _connection?.Dispose();
            _connection = null;
        }
    }

    private RawConnection Connection()
    {
        if (_connection is not null) return _connection;
        var connection = RawConnection.Open(database);
        connection.Execute("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY");
        return _connection = connection;
    }
}
