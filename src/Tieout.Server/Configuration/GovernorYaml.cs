using System.Collections.Immutable;
using Tieout.Core.Ledger;

namespace Tieout.Server.Configuration;

/// <summary>Reads <c>governor:</c> of <c>tieout.yaml</c>. The reference page is made from <see cref="Members"/>.</summary>
internal static class GovernorYaml
{
    private const long CountMax = 100_000_000;
    private const long BytesMax = 1L << 44;

    /// <summary>Every member, with what a reference says of it.</summary>
    public static ImmutableArray<GovernorMember> Members { get; } =
    [
        Count("connections", "Open connections of all clients. Lowered at the start to half of the files that the process may open, less 256 for the store.",
            1_000_000, o => o.Connections, (o, n) => o with { Connections = (int)n }),
        Count("connections_per_address",
            "Open connections of one client address; of IPv6, one /64 network. Default: half of `connections`. Addresses in `trusted_proxies` speak for many clients and have no limit of their own.", 1_000_000, o => o.ConnectionsPerAddress, (o, n) => o with { ConnectionsPerAddress = (int)n }),
        Time("header_timeout", "Time for the head of a request.", o => o.HeaderTimeout, (o, t) => o with { HeaderTimeout = t }),
        Time("idle_timeout", "Time that a connection without a request stays open.", o => o.IdleTimeout, (o, t) => o with { IdleTimeout = t }),
        Count("body_bytes_per_second", "Bytes a second that a client must send of a body, after the first ten seconds.", 1_000_000, o => o.BodyBytesPerSecond,
            (o, n) => o with { BodyBytesPerSecond = (int)n }),
        .. Shared("requests", "Requests in flight", CountMax, o => o.Requests, (o, s) => o with { Requests = s }),
        .. Shared("body_bytes", "Bytes of request bodies in memory, from the head of a request to the end of its answer,", BytesMax, o => o.BodyBytes,
            (o, s) => o with { BodyBytes = s }),
        .. Shared("upload_bytes", "Bytes of files that are being uploaded", BytesMax, o => o.UploadBytes, (o, s) => o with { UploadBytes = s }),
        .. Shared("reads", "Reads of stored rows at the same time", CountMax, o => o.Reads, (o, s) => o with { Reads = s }),
        Time("read_time", "Time for one read of stored rows. Exports (`format=csv` and the like) have no limit.", o => o.ReadTime,
            (o, t) => o with { ReadTime = t }),
        Count("objects_per_org", "Files of an org at providers that are not deleted; and as many batches that have not ended.", CountMax, o => o.ObjectsPerOrg,
            (o, n) => o with { ObjectsPerOrg = (int)n }),
        InLedger("label_sets_per_org",
            "Distinct combinations of labels (project, team, key, feature, provider, model, source, trigger) of an org. Beyond it, feature, trigger and model become `other`.", l => l.LabelSetsPerOrg, (l, n) => l with { LabelSetsPerOrg = n }),
        InLedger("label_sets", "Distinct combinations of labels in all. Beyond it, an org has `label_sets_reserved`.", l => l.LabelSets,
            (l, n) => l with { LabelSets = n }),
        InLedger("label_sets_reserved", "Distinct combinations of labels that an org has whatever others take.", l => l.LabelSetsReserved,
            (l, n) => l with { LabelSetsReserved = n }),
        InLedger("open_holds_per_org", "Open holds of an org.", l => l.OpenHoldsPerOrg, (l, n) => l with { OpenHoldsPerOrg = n }),
        InLedger("lineage_steps", "Steps in the lineage of one envelope in one operation.", l => l.LineageSteps, (l, n) => l with { LineageSteps = n }),
        InLedger("settings_per_kind", "Settings of one kind in one org: teams, projects, keys, budgets, webhooks ...", l => l.SettingsPerKind,
            (l, n) => l with { SettingsPerKind = n }),
        InLedger("end_users_per_budget", "End users with a window of their own, for one budget and one period. Further ones share the window of `other`.",
            l => l.EndUsersPerBudget, (l, n) => l with { EndUsersPerBudget = n }),
    ];

    public static GovernorOptions Governor(YamlPlace place)
    {
        var given = place.Members([.. Members.Select(member => member.Name)]);
        var options = new GovernorOptions();
        foreach (var member in Members)
        {
            if (given.TryGetValue(member.Name, out var value)) options = member.Read(options, value);
        }

        return options;
    }

    private static IEnumerable<GovernorMember> Shared(
        string name, string what, long max, Func<GovernorOptions, Shares> get, Func<GovernorOptions, Shares, GovernorOptions> set) =>
    [
        Count(name, $"{what} of all callers.", max, o => get(o).All, (o, n) => set(o, get(o) with { All = n })),
        Count($"{name}_per_org", $"{what} of one org.", max, o => get(o).Org, (o, n) => set(o, get(o) with { Org = n })),
        Count($"{name}_per_caller", $"{what} of one key or token.", max, o => get(o).Caller, (o, n) => set(o, get(o) with { Caller = n })),
    ];

    private static GovernorMember InLedger(string name, string what, Func<LedgerLimits, int> get, Func<LedgerLimits, int, LedgerLimits> set) =>
        Count(name, what, CountMax, o => get(o.Ledger), (o, n) => o with { Ledger = set(o.Ledger, (int)n) });

    private static GovernorMember Count(
        string name, string what, long max, Func<GovernorOptions, long?> get, Func<GovernorOptions, long, GovernorOptions> set) =>
        new(name, what, $"1 to {max}", $"{get(new())}") { Read = (options, place) => set(options, place.Count(max)) };

    private static GovernorMember Time(string name, string what, Func<GovernorOptions, TimeSpan> get, Func<GovernorOptions, TimeSpan, GovernorOptions> set) =>
        new(name, what, "1ms to 24h", $"{get(new()).TotalSeconds}s") { Read = (options, place) => set(options, place.Duration()) };
}

/// <summary>One limit of the governor, as <c>tieout.yaml</c> writes it.</summary>
/// <param name="What">What it limits.</param>
/// <param name="Default">Empty: <paramref name="What"/> says it.</param>
internal sealed record GovernorMember(string Name, string What, string Range, string Default)
{
    public required Func<GovernorOptions, YamlPlace, GovernorOptions> Read { get; init; }
}
