using System.Collections.Frozen;
using System.Collections.Immutable;
using Tieout.Core.Ledger;
using Tieout.Core.Spike;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>A mitigation that may be in force, with what it has counted on this server.</summary>
internal sealed class StandingMitigation(Mitigation mitigation)
{
    public Mitigation Mitigation => mitigation;

    /// <summary>Null: the kind counts nothing.</summary>
    public MitigationCounts? Counts { get; } = mitigation.Kind is MitigationKind.RateLimit or MitigationKind.RetryBudget ? new(mitigation) : null;

    /// <summary>Null: another kind.</summary>
    public ToolBreakers? Tools { get; } = mitigation.Kind is MitigationKind.ToolBreaker ? new(mitigation) : null;

    /// <summary>Null: another kind.</summary>
    public NewestWins? Newest { get; } = mitigation.Kind is MitigationKind.Coalesce ? new(mitigation) : null;

    /// <summary>Whether the mitigation is about a request that arrives now. A retry budget counts the work that is done for the first time, too.</summary>
    public bool AppliesTo(in MitigatedRequest request, DateTimeOffset now) =>
        now < mitigation.ExpiresAt && (mitigation.Kind is MitigationKind.RetryBudget ? _ofAnyTrigger : mitigation.Scope).Covers(request);

    /// <summary>Whether it decides by why a request is made.</summary>
    public bool LooksAtTrigger => mitigation.Kind is MitigationKind.RetryBudget || mitigation.Scope.Trigger is not null;

    private readonly MitigationScope _ofAnyTrigger = mitigation.Scope with { Trigger = null };
}

/// <summary>Mitigations as of the newest settings.</summary>
/// <param name="All">Each in the version that was set last, those that are over included, in the order of orgs and ids.</param>
internal sealed record MitigationSnapshot(long Version, ImmutableArray<Mitigation> All)
{
    /// <summary>Those that nobody ended, by org. Whether the time of one is over is seen when a request arrives.</summary>
    public required FrozenDictionary<string, ImmutableArray<StandingMitigation>> ByOrg { get; init; }

    public ImmutableArray<StandingMitigation> Of(string org) => ByOrg.TryGetValue(org, out var standing) ? standing : [];
}

/// <summary>The newest <see cref="MitigationSnapshot"/>: what was set a commit ago is in force (G2).</summary>
internal sealed class CurrentMitigations(IOrgs orgs) : CurrentSettings<MitigationSnapshot>(orgs)
{
    protected override MitigationSnapshot Read(IOrgs orgs, MitigationSnapshot? before)
    {
        var version = orgs.SettingsVersion;
        ImmutableArray<Mitigation> all =
        [
            .. orgs.Settings.Where(row => row.Kind == SettingKind.Mitigation).Select(row => Mitigation.Parse(row.Body))
                .OrderBy(each => each.Org, StringComparer.Ordinal).ThenBy(each => each.Id, StringComparer.Ordinal),
        ];
        return new(version, all)
        {
            ByOrg = all.Where(each => each.EndedAt is null).GroupBy(each => each.Org, StringComparer.Ordinal)
                .ToFrozenDictionary(org => org.Key, org => org.Select(each => Standing(before, each)).ToImmutableArray(), StringComparer.Ordinal),
        };
    }

    protected override long VersionOf(MitigationSnapshot snapshot) => snapshot.Version;

    /// <summary>A change of another setting does not begin counts anew.</summary>
    private static StandingMitigation Standing(MitigationSnapshot? before, Mitigation mitigation)
    {
        foreach (var known in before?.Of(mitigation.Org) ?? [])
        {
            if (known.Mitigation.Id == mitigation.Id && known.Mitigation.Version == mitigation.Version) return known;
        }

        return new(mitigation);
    }
}
