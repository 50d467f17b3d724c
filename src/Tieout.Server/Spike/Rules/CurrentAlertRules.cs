using System.Collections.Immutable;
using Tieout.Core.Ledger;
using Tieout.Core.Spike;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Spike.Rules;

/// <summary>Alert rules as of the newest settings.</summary>
/// <param name="All">Each in the version that was set last, removed ones included, in the order of orgs and ids.</param>
internal sealed record AlertRuleSnapshot(long Version, ImmutableArray<AlertRule> All)
{
    /// <summary>Those in use, by org.</summary>
    public ILookup<string, AlertRule> InUse { get; } = All.Where(rule => rule.RemovedAt is null).ToLookup(rule => rule.Org, StringComparer.Ordinal);
}

/// <summary>The newest <see cref="AlertRuleSnapshot"/>.</summary>
internal sealed class CurrentAlertRules(IOrgs orgs) : CurrentSettings<AlertRuleSnapshot>(orgs)
{
    protected override AlertRuleSnapshot Read(IOrgs orgs, AlertRuleSnapshot? before)
    {
        var version = orgs.SettingsVersion;
        return new(version,
        [
            .. orgs.Settings.Where(row => row.Kind == SettingKind.AlertRule).Select(row => AlertRule.Parse(row.Body))
                .OrderBy(rule => rule.Org, StringComparer.Ordinal).ThenBy(rule => rule.Id, StringComparer.Ordinal),
        ]);
    }

    protected override long VersionOf(AlertRuleSnapshot snapshot) => snapshot.Version;
}
