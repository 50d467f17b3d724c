using System.Globalization;

namespace Tieout.Storage.Postgres;

/// <summary>The parts of <c>postgres://user@host1:5432,host2:5432/database?sslmode=verify-full</c>.</summary>
/// <param name="Hosts">At least one, each with its port.</param>
/// <param name="Parameters">By name; every name is one of <see cref="KnownParameters"/>.</param>
internal sealed record PostgresUrl(
    string User, string? Password, IReadOnlyList<(string Host, int Port)> Hosts, string Database, IReadOnlyDictionary<string, string> Parameters)
{
    public const int DefaultPort = 5432;

    /// <summary>More hosts than a cluster has are a mistake, and each costs a time-out when it is down.</summary>
    private const int HostsMax = 16;

    public static readonly string[] KnownParameters = ["sslmode", "sslrootcert", "sslcert", "sslkey", "passfile", "target_session_attrs", "connect_timeout",
        "command_timeout", "read_timeout"];

    private static readonly string[] SslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    private static readonly string[] SessionKinds = ["any", "primary", "standby", "prefer-primary", "prefer-standby", "read-write", "read-only"];

    /// <summary>No call to the store is unbounded: beyond ten minutes a limit is none.</summary>
    private const int SecondsMax = 600;

    /// <summary>A limit in seconds, as the address gives it.</summary>
    public int Seconds(string parameter, int otherwise) =>
        Parameters.TryGetValue(parameter, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>Never the password.</summary>
    public override string ToString() =>
        $"postgres://{(User.Length == 0 ? "" : $"{User}@")}{string.Join(',', Hosts.Select(host => string.Create(CultureInfo.InvariantCulture, $"{host.Host}:{host.Port}")))}/{Database}";

    /// <returns>Null: the text is not such an address, and <paramref name="flaw"/> says why without repeating a password.</returns>
    public static PostgresUrl? Parse(string? text, out string? flaw)
    {
        flaw = "write postgres://user@host:5432/database, several hosts separated by commas";
        if (text is null) return null;
        var start = text.StartsWith("postgres://", StringComparison.Ordinal) ? 11 : text.StartsWith("postgresql://", StringComparison.Ordinal) ? 13 : -1;
        if (start < 0 || text.Contains('#', StringComparison.Ordinal)) return null;
        var query = text.IndexOf('?', StringComparison.Ordinal);
        var address = query < 0 ? text[start..] : text[start..query];
        var at = address.LastIndexOf('@');
        var slash = address.IndexOf('/', at + 1);
        if (slash < 0 || slash == address.Length - 1) return null;
        if (ReadHosts(address[(at + 1)..slash]) is not { } hosts) return null;
        var user = at < 0 ? [""] : address[..at].Split(':', 2);
        if (ReadParameters(query < 0 ? "" : text[(query + 1)..], out var parameters) is { } wrong)
        {
            flaw = wrong;
            return null;
        }

        flaw = null;
        return new(Uri.UnescapeDataString(user[0]), user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null, hosts,
            Uri.UnescapeDataString(address[(slash + 1)..]), parameters);
    }

    private static List<(string Host, int Port)>? ReadHosts(string text)
    {
        var hosts = new List<(string, int)>();
        foreach (var part in text.Split(','))
        {
            var colon = part.EndsWith(']') ? -1 : part.LastIndexOf(':');
            var port = DefaultPort;
            if (colon >= 0 && !(int.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and < 65_536))
            {
                return null;
            }

            var host = Uri.UnescapeDataString(colon < 0 ? part : part[..colon]).Trim('[', ']');
            if (Uri.CheckHostName(host) is UriHostNameType.Unknown && !host.StartsWith('/')) return null;
            hosts.Add((host, port));
        }

        return hosts.Count <= HostsMax ? hosts : null;
    }

    /// <returns>Why the parameters are refused; null: they are good.</returns>
    private static string? ReadParameters(string query, out Dictionary<string, string> parameters)
    {
        parameters = new(StringComparer.Ordinal);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var (name, value) = (parts[0], parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
            if (!KnownParameters.Contains(name, StringComparer.Ordinal))
            {
                return $"the parameter '{name}' is not known; known are {string.Join(", ", KnownParameters)}";
            }

            if (value.Length == 0) return $"the parameter {name} has no value";
            if (!parameters.TryAdd(name, value)) return $"the parameter {name} is given twice";
            if (name.EndsWith("_timeout", StringComparison.Ordinal) && !IsSeconds(value))
            {
                return $"'{value}' is not a {name}; write whole seconds from 1 to {SecondsMax}, for example {name}=5";
            }

            if (name is "sslmode" && !SslModes.Contains(value, StringComparer.Ordinal))
            {
                return $"'{value}' is not an sslmode; known are {string.Join(", ", SslModes)}";
            }

            if (name is "target_session_attrs" && !SessionKinds.Contains(value, StringComparer.Ordinal))
            {
                return $"'{value}' is not a target_session_attrs; known are {string.Join(", ", SessionKinds)}";
            }
        }

        return parameters.GetValueOrDefault("sslmode") is "verify-ca" or "verify-full" || !parameters.ContainsKey("sslrootcert")
            ? null
            : "sslrootcert has no effect with this sslmode: write sslmode=verify-full";
    }

    private static bool IsSeconds(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= SecondsMax;
}
