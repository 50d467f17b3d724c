using System.Collections.Immutable;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;
using Tieout.Storage.Postgres;

namespace Tieout.Server.Configuration;

/// <summary>Reads <c>surfaces:</c> of <c>tieout.yaml</c>.</summary>
internal static class SurfaceYaml
{
    private const int DaysMax = 366;
    private const long RowsMax = 10_000_000;

    public static ImmutableArray<SurfaceOptions> Surfaces(YamlPlace place) =>
        [.. place.Entries().Select(entry => Surface(entry.Key.Value!, entry.Value))];

    private static SurfaceOptions Surface(string name, YamlPlace place)
    {
        if (!Names.IsValid(name) || name.Contains(' ', StringComparison.Ordinal)) throw place.Wrong($"'{name}' cannot be a surface's name");
        var members = place.Members("kind", "org", "key", "amount", "unit", "every", "days", "timeout", "rows_max", "connection", "query", "url", "token",
            "rows", "path", "format", "provider");
        string Needed(string member) => members.TryGetValue(member, out var value) ? value.Text() : throw place.Wrong($"surface '{name}' needs '{member}'");

        var source = Source(name, Needed("kind"), place, members);
        var bill = source is SurfaceSource.InFile { Format: { } format } && BillFormatNames.All.Contains(format) ? format : null;
        string? NeededUnlessBill(string member) => bill is null || members.ContainsKey(member) ? Needed(member) : null;

        var key = NeededUnlessBill("key") ?? "day";
        if (TieSpec.Parse(key, out _) is { } flaw) throw members["key"].Wrong(flaw.TrimEnd('.'));
        if (bill is not null && members.TryGetValue("unit", out var own)) throw own.Wrong($"{bill} has a unit of its own");
        if (bill is null && members.TryGetValue("provider", out var provider)) throw provider.Wrong("'provider' is a bill's");
        var unit = NeededUnlessBill("unit");
        if (unit is not (null or "usd" or "cents" or "credits")) throw members["unit"].Wrong($"the unit '{unit}' is not known; known are usd, cents, credits");
        var options = new SurfaceOptions(
            name, NeededUnlessBill("org"), key, NeededUnlessBill("amount"), unit, source, members.TryGetValue("every", out var every) ? every.Duration() : null,
            members.TryGetValue("days", out var days) ? (int)days.Count(DaysMax, min: 0) : 0)
        {
            Provider = members.TryGetValue("provider", out var whose) ? whose.Text() : null,
        };
        if (members.TryGetValue("timeout", out var timeout)) options = options with { Timeout = timeout.Duration() };
        return members.TryGetValue("rows_max", out var rows) ? options with { RowsMax = rows.Count(RowsMax) } : options;
    }

    private static SurfaceSource Source(string name, string kind, YamlPlace place, Dictionary<string, YamlPlace> members)
    {
        (string[] Known, string Needed) = kind switch
        {
            "sql" => ((string[])["connection", "query"], "connection"),
            "http" => (["url", "token", "rows"], "url"),
            "file" => (["path", "format"], "path"),
            _ => throw members["kind"].Wrong($"the kind '{kind}' is not known; known are sql, http, file"),
        };
        foreach (var other in (ReadOnlySpan<string>)["connection", "query", "url", "token", "rows", "path", "format"])
        {
            if (members.TryGetValue(other, out var value) && !Known.Contains(other))
            {
                throw value.Wrong($"'{other}' is not a member of a surface of kind {kind}");
            }
        }

        if (!members.TryGetValue(Needed, out var where)) throw place.Wrong($"surface '{name}' needs '{Needed}'");
        switch (kind)
        {
            case "sql":
                if (PostgresAddress.Validate(where.Text()) is { } flaw) throw where.Wrong($"the connection is not valid: {flaw}");
                return new SurfaceSource.Sql(where.Text(), members.TryGetValue("query", out var query) ? query.Text() : null);
            case "http":
                if (!Uri.TryCreate(where.Text(), UriKind.Absolute, out var url)
                    || url is not { Scheme: "http" or "https", UserInfo: "", Fragment: "", Host.Length: > 0 })
                {
                    throw where.Wrong("the url must be http:// or https://, without a user or a fragment");
                }

                return new SurfaceSource.Http(
                    url, members.TryGetValue("token", out var token) ? token.Text().Trim() : null,
                    members.TryGetValue("rows", out var rows) ? [.. rows.Text().Split('.', StringSplitOptions.RemoveEmptyEntries)] : []);
            default:
                var format = members.TryGetValue("format", out var given) ? given.Text() : "csv";
                return format is "csv" or "jsonl" || BillFormatNames.All.Contains(format) ? new SurfaceSource.InFile(where.Text(), format)
                    : throw given!.Wrong(
                        $"the format '{format}' is not known; known are csv, jsonl, {string.Join(", ", BillFormatNames.All.Order(StringComparer.Ordinal))}");
        }
    }
}
