using System.Globalization;
using System.Net;
using Npgsql;

namespace Tieout.Storage.Postgres;

/// <summary>Where a PostgreSQL store is: <c>postgres://user@host:port/database</c>, with several hosts and with <c>sslmode</c> where needed. A password is given as <c>PGPASSWORD</c> or in a password file.</summary>
public static class PostgresAddress
{
    /// <summary>Connections of one node. Writers and readers share them; beyond it they wait for one another.</summary>
    private const int ConnectionsMax = 40;

    public static bool IsOne(string? store) => PostgresUrl.Parse(store, out _) is not null;

    /// <summary>Why a text is not the address of a store; null: it is one. Never repeats the text, which may hold a password.</summary>
    public static string? Flaw(string? store)
    {
        PostgresUrl.Parse(store, out var flaw);
        return flaw;
    }

    /// <summary>The address without its password, for logs and messages.</summary>
    public static string Shown(string store) => PostgresUrl.Parse(store, out _)?.ToString() ?? "postgres://...";

    /// <summary>Whether ledger rows and the password could be read on their way: a host other than this machine, and no <c>sslmode</c> that requires TLS.</summary>
    public static bool IsUnprotected(string store) =>
        PostgresUrl.Parse(store, out _) is { } url
        && url.Parameters.GetValueOrDefault("sslmode") is null or "disable" or "allow" or "prefer"
        && url.Hosts.Any(host => !IsThisMachine(host.Host));

    /// <param name="isPooled">False: each connection is a new one, and closed after use.</param>
    /// <exception cref="ArgumentException">It is not such an address.</exception>
    internal static NpgsqlDataSource Source(string store, bool isPooled = true)
    {
        var url = PostgresUrl.Parse(store, out var flaw) ?? throw new ArgumentException($"The text is not the address of a store: {flaw}.", nameof(store));
        var builder = new NpgsqlDataSourceBuilder(Settings(url, isPooled).ConnectionString);
        if (url.Hosts.Count == 1) return builder.Build();

        // Of several hosts the one that can be written, unless the address says otherwise: the ledger's connections write.
        var kind = url.Parameters.GetValueOrDefault("target_session_attrs") ?? "read-write";
        return builder.BuildMultiHost().WithTargetSession(Enum.Parse<TargetSessionAttributes>(kind.Replace("-", "", StringComparison.Ordinal), ignoreCase: true));
    }

    private static NpgsqlConnectionStringBuilder Settings(PostgresUrl url, bool isPooled)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = string.Join(',', url.Hosts.Select(host => url.Hosts.Count == 1 ? host.Host : string.Create(CultureInfo.InvariantCulture, $"{host.Host}:{host.Port}"))),
            Port = url.Hosts.Count == 1 ? url.Hosts[0].Port : PostgresUrl.DefaultPort,
            Database = url.Database,
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
        if (url.User.Length > 0) settings.Username = url.User;
        if (url.Password is not null) settings.Password = url.Password;
        if (url.Parameters.GetValueOrDefault("sslmode") is { } mode) settings.SslMode = Enum.Parse<SslMode>(mode.Replace("-", "", StringComparison.Ordinal), ignoreCase: true);
        if (url.Parameters.GetValueOrDefault("sslrootcert") is { } root) settings.RootCertificate = root;
        if (url.Parameters.GetValueOrDefault("sslcert") is { } certificate) settings.SslCertificate = certificate;
        if (url.Parameters.GetValueOrDefault("sslkey") is { } key) settings.SslKey = key;
        if (url.Parameters.GetValueOrDefault("passfile") is { } passfile) settings.Passfile = passfile;
        return settings;
    }

    private static bool IsThisMachine(string host) =>
        host.StartsWith('/') || host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
