using Tieout.Core.Guard;
using Tieout.Core.Ledger;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Guard;

/// <summary>Policies and overrides as of the newest settings.</summary>
internal sealed record GuardSnapshot(long Version, GuardTerms Terms);

/// <summary>The newest <see cref="GuardSnapshot"/>: what was set a commit ago is in force.</summary>
internal sealed class CurrentGuard(IOrgs orgs) : CurrentSettings<GuardSnapshot>(orgs)
{
    public GuardTerms Terms => Get().Terms;

    protected override GuardSnapshot Read(IOrgs orgs, GuardSnapshot? before)
    {
        var version = orgs.SettingsVersion;
        var settings = orgs.Settings;
        return new(version, new(
            settings.Where(row => row.Kind == SettingKind.GuardPolicy).Select(row => GuardPolicy.Parse(row.Body)),
            settings.Where(row => row.Kind == SettingKind.GuardOverride).Select(row => GuardOverride.Parse(row.Body))));
    }

    protected override long VersionOf(GuardSnapshot snapshot) => snapshot.Version;
}
