using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tieout.Storage.Tests.Postgres.Statements;

/// <summary>A PostgreSQL server that writes down every statement it is sent, in whatever way: nothing that the store does can go past it.</summary>
internal sealed partial class StatementLog : IDisposable
{
    private static readonly string[] Read = ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "DECLARE", "COPY", "CREATE TEMP",
        "CREATE TABLE IF NOT EXISTS usage_"];

    /// <summary>The migrations, which are sent statement by statement: before the tables are distributed, or as DDL, which goes to all shards by
    /// itself.</summary>
    private static readonly string Migrations = Spaces().Replace(
        string.Join('\n', Assembly.GetManifestResourceNames().Where(name => name.StartsWith("postgres", StringComparison.Ordinal)).Select(Text)), " ");

    private static Assembly Assembly => typeof(Storage.Postgres.PostgresLedger).Assembly;

    public PostgresServer Server { get; } = new("logging_collector = on", "log_destination = 'jsonlog'", "log_directory = 'statements'", "log_filename = 'all'",
        "log_rotation_size = 0", "log_statement = 'all'", "log_parameter_max_length = 0");

    /// <summary>Each statement once, numbers and texts in it replaced, as it came to the databases of one test.</summary>
    public IReadOnlyList<string> Statements()
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        using var log = new StreamReader(new FileStream(
            Directory.GetFiles(Path.Combine(Server.Folder, "data", "statements"), "*.json").Single(), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        while (log.ReadLine() is { } line)
        {
            using var entry = JsonDocument.Parse(line);
            if (!entry.RootElement.TryGetProperty("application_name", out var by) || by.GetString() != "tieout") continue;
            if (Said().Match(entry.RootElement.GetProperty("message").GetString()!) is not { Success: true } said) continue;
            var statement = said.Groups["sql"].Value.Trim();
            foreach (var one in statement.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                if (Read.Any(word => one.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                    && !Migrations.Contains(Spaces().Replace(one, " "), StringComparison.Ordinal))
                {
                    found.Add(Plain(one));
                }
            }
        }

        return [.. found.Order(StringComparer.Ordinal)];
    }

    public void Dispose() => Server.Dispose();

    /// <summary>The statement without what differs from one time to the next. A bucket that is a constant stays a number, so that the rules see it.</summary>
    private static string Plain(string sql)
    {
        var plain = Spaces().Replace(sql, " ").Trim();
        plain = Hex().Replace(plain, "'text'");
        plain = MonthPart().Replace(plain, "usage_YYYY_MM");
        plain = CursorName().Replace(plain, "cursor");
        plain = Numbers().Replace(plain, "0");
        plain = Rows().Replace(Lists().Replace(plain, "(0, ...)"), "(0, ...), ...");

        // One text for all lengths of a VALUES list.
        var more = plain.IndexOf("), ($1, ", StringComparison.Ordinal);
        if (plain.StartsWith("INSERT", StringComparison.Ordinal) && more > 0)
        {
            var end = plain.IndexOf(" ON CONFLICT", StringComparison.Ordinal);
            plain = $"{plain[..(more + 1)]}{(end < 0 ? "" : plain[end..])}";
        }

        return plain;
    }

    private static string Text(string resource)
    {
        using var reader = new StreamReader(Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"^(?:statement|execute [^:]*): (?<sql>.*)$", RegexOptions.Singleline)]
    private static partial Regex Said();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"'[0-9a-f-]{36}'")]
    private static partial Regex Hex();

    [GeneratedRegex(@"\busage_\d{4}_\d{2}\b")]
    private static partial Regex MonthPart();

    [GeneratedRegex(@"\bc\d+\b")]
    private static partial Regex CursorName();

    [GeneratedRegex(@"(?<![\w$.])-?\d+\b(?!\[)")]
    private static partial Regex Numbers();

    [GeneratedRegex(@"\(0(?:, ?0)+\)")]
    private static partial Regex Lists();

    [GeneratedRegex(@"\(0, \.\.\.\)(?:, ?\(0, \.\.\.\))+")]
    private static partial Regex Rows();
}
