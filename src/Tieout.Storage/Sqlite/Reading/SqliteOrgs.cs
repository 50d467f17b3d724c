using Tieout.Core.Ledger;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Orgs and settings from the image of the last commit.</summary>
internal sealed class SqliteOrgs(LedgerWriter writer) : IOrgs
{
    private readonly Lock _settingsGate = new();
    private (long Version, IReadOnlyCollection<SettingRow> Rows) _settings = (-1, []);

    public IReadOnlyCollection<OrgState> Orgs => writer.Pipeline.Read(image => image.Orgs.ToArray());

    public long SettingsVersion => writer.Pipeline.Read(image => image.SettingsVersion);

    public IReadOnlyCollection<SettingRow> Settings
    {
        get
        {
            lock (_settingsGate)
            {
                if (_settings.Version != SettingsVersion)
                {
                    _settings = writer.Pipeline.Read(image => (image.SettingsVersion, image.Settings.OrderBy(row => row.Seq).ToArray()));
                }

                return _settings.Rows;
            }
        }
    }

    public OrgState? Org(string org) => writer.Pipeline.Read(image => image.Org(org));
}
