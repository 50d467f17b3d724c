using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Orgs and settings, from memory.</summary>
public interface IOrgs
{
    OrgState? Org(string org);

    IReadOnlyCollection<OrgState> Orgs { get; }

    /// <summary>The newest content of every setting. Changes only when <see cref="SettingsVersion"/> does.</summary>
    IReadOnlyCollection<SettingRow> Settings { get; }

    long SettingsVersion { get; }
}
