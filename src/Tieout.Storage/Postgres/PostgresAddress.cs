using System.Globalization;
using System.Net;
using Npgsql;

namespace Tieout.Storage.Postgres;

/// <summary>Where a PostgreSQL store is: <c>postgres://user@host:port/database</c>, with several hosts and with <c>sslmode</c> where needed. A password is
/// given as <c>PGPASSWORD</c> or in a password file.</summary>
public static class PostgresAddress
{
    /// <summary>Connections that one node commits with, and as many that it reads with: a long reading never takes a connection that a commit needs.</summary>
    private const int ConnectionsMax = 20;

    /// <summary>Seconds until a host that does not answer is given up.</summary>
    private const int ConnectSeconds = 3;

    /// <summary>Seconds that a commit, a look-up or a comparison may take.</summary>
    private const int CommandSeconds = 5;

    /// <summary>Seconds that a reading for a caller may take.</summary>
    private const int ReadSeconds = 30;

    public static bool IsOne(string? store) => PostgresUrl.Parse(store, out _) is not null;

    /// <summary>Why a text is not the address of a store; null: it is one. Never repeats the text, which may hold a password.</summary>
    public static string? Validate(string? store)
    {
        PostgresUrl.Parse(store, out var flaw);
        return flaw;
    }

    /// <summary>The address without its password, for logs and messages.</summary>
    public static string Shown(string store) => PostgresUrl.Parse(store, out _)?.ToString() ?? "postgres://...";

    /// <summary>Whether ledger rows and the password could be read on their way: a host other than this machine, and no <c>sslmode</c> that requires
    /// TLS.</summary>
    public static bool IsUnprotected(string store) =>
        PostgresUrl.Parse(store, out _) is { } url
        && url.Parameters.GetValueOrDefault("sslmode") is null or "disable" or "allow" or "prefer"
        && url.Hosts.Any(host => !IsThisMachine(host.Host));

    /// <exception cref="ArgumentException">It is not such an address.</exception>
    internal static NpgsqlDataSource Source(string store, PostgresUse use = PostgresUse.Write)
    {
        var url = PostgresUrl.Parse(store, out var flaw) ?? throw new ArgumentException($"The text is not the address of a store: {flaw}.", nameof(store));
        var builder = new NpgsqlDataSourceBuilder(Settings(url, use).ConnectionString);
        if (url.Hosts.Count == 1) return builder.Build();

        // Of several hosts the one that can be written, unless the address says otherwise: the ledger's connections write.
        var kind = url.Parameters.GetValueOrDefault("target_session_attrs") ?? "read-write";
        return builder.BuildMultiHost().WithTargetSession(
            Enum.Parse<TargetSessionAttributes>(kind.Replace("-", "", StringComparison.Ordinal), ignoreCase: true));
    }

    /// <summary>
    /// A node that is stopped with a bucket locked must not hold up the others: the server ends its transaction. One whose machine is gone must not keep what
    /// its sessions
    /// have locked: after 11 s without a sign of life, or 10 s without an acknowledgement of what was sent, they are ended.
    /// </summary>
    private const string SessionSettings =
        "-c idle_in_transaction_session_timeout=3000 -c lock_timeout=4000 -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 "
        + "-c tcp_keepalives_count=3 -c tcp_user_timeout=10000 -c default_transaction_isolation=read\\ committed";

    private static NpgsqlConnectionStringBuilder Settings(PostgresUrl url, PostgresUse use)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = string.Join(
                ',', url.Hosts.Select(host => url.Hosts.Count == 1 ? host.Host : string.Create(CultureInfo.InvariantCulture, $"{host.Host}:{host.Port}"))),
            Port = url.Hosts.Count == 1 ? url.Hosts[0].Port : PostgresUrl.DefaultPort,
            Database = url.Database,
            ApplicationName = "tieout",
            MaxPoolSize = ConnectionsMax,
            Pooling = use != PostgresUse.Alone,

            // A VALUES list has a text for each of five lengths, so there are about a hundred texts of inserts alone.
            MaxAutoPrepare = 200,
            AutoPrepareMinUsages = 2,
            Timeout = url.Seconds("connect_timeout", ConnectSeconds),
            CommandTimeout = use switch
            {
                PostgresUse.Write => url.Seconds("command_timeout", CommandSeconds),
                PostgresUse.Read => url.Seconds("read_timeout", ReadSeconds),

                // It may sort ten million rows before it answers with the first, and ends when its own caller does.
                _ => 0,
            },

            // Milliseconds that the server has to say that a statement which took too long is cancelled, before the connection is given up.
            CancellationTimeout = 500,
            TcpKeepAlive = true,
            TcpKeepAliveTime = 5,
            TcpKeepAliveInterval = 2,

            // A host that was down is asked again after a second: after a fail-over it may be the one that can be written.
            HostRecheckSeconds = 1,
            Options = SessionSettings,
        };
        if (url.User.Length > 0) settings.Username = url.User;
        if (url.Password is not null) settings.Password = url.Password;
        if (url.Parameters.GetValueOrDefault("sslmode") is { } mode)
        {
            settings.SslMode = Enum.Parse<SslMode>(mode.Replace("-", "", StringComparison.Ordinal), ignoreCase: true);
        }

        if (url.Parameters.GetValueOrDefault("sslrootcert") is { } root) settings.RootCertificate = root;
        if (url.Parameters.GetValueOrDefault("sslcert") is { } certificate) settings.SslCertificate = certificate;
        if (url.Parameters.GetValueOrDefault("sslkey") is { } key) settings.SslKey = key;
        if (url.Parameters.GetValueOrDefault("passfile") is { } passfile) settings.Passfile = passfile;
        return settings;
    }

    private static bool IsThisMachine(string host) =>
        host.StartsWith('/') || host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>What connections are for: how long their statements may take, and whether they are pooled.</summary>
internal enum PostgresUse
{
    /// <summary>Commits, and short questions that decisions and figures wait for.</summary>
    Write = 1,

    /// <summary>Readings for callers.</summary>
    Read,

    /// <summary>One long piece of work, such as a migration or <c>verify</c>: a connection of its own, without a limit.</summary>
    Alone,
}
