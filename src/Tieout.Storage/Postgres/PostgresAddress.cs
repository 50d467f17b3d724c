using Npgsql;

namespace Tieout.Storage.Postgres;

/// <summary>Where a PostgreSQL store is: <c>postgres://user@host:port/database</c>. A password is given as <c>PGPASSWORD</c> or in a password file.</summary>
public static class PostgresAddress
{
    /// <summary>Connections of one node. Writers and readers share them; beyond it they wait for one another.</summary>
    private const int ConnectionsMax = 40;

    public static bool IsOne(string? store) =>
        Uri.TryCreate(store, UriKind.Absolute, out var url) && url is { Scheme: "postgres" or "postgresql", Host.Length: > 0, AbsolutePath.Length: > 1, Query: "", Fragment: "" };

    /// <param name="isPooled">False: each connection is a new one, and closed after use.</param>
    /// <exception cref="ArgumentException">It is not such an address.</exception>
    internal static NpgsqlDataSource Source(string store, bool isPooled = true)
    {
        if (!IsOne(store)) throw new ArgumentException("That is not the address of a store: write one such as postgres://user@host:5432/tieout.", nameof(store));
        var url = new Uri(store);
        var user = Uri.UnescapeDataString(url.UserInfo).Split(':', 2);
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.IsDefaultPort || url.Port < 0 ? 5432 : url.Port,
            Database = Uri.UnescapeDataString(url.AbsolutePath[1..]),
            ApplicationName = "tieout",
            MaxPoolSize = ConnectionsMax,
            Pooling = isPooled,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
            Timeout = 5,

            // A long reading may sort ten million rows before it answers with the first.
            CommandTimeout = isPooled ? 30 : 0,

            // A node that is stopped with a bucket locked must not hold up the others: the server ends its transaction.
            // One whose machine is gone must not keep what its sessions have locked: after 11 s without a sign of life they are ended.
            Options = "-c idle_in_transaction_session_timeout=5000 -c lock_timeout=10000 -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
        };
        if (user[0].Length > 0) builder.Username = user[0];
        if (user.Length > 1) builder.Password = user[1];
        return NpgsqlDataSource.Create(builder);
    }
}
