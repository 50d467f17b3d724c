using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Orgs and settings from this node's books.</summary>
internal sealed class PostgresOrgs(Buckets layout, Bucket[] buckets) : IOrgs
{
    private readonly Lock _settingsGate = new();
    private (long Version, IReadOnlyCollection<SettingRow> Rows) _settings = (-1, []);

    public IReadOnlyCollection<OrgState> Orgs => [.. buckets.SelectMany(bucket => bucket.Read(book => book.Orgs.Values.ToArray()))];

    public long SettingsVersion => buckets.Sum(bucket => bucket.Read(book => book.Last.Setting));

    public IReadOnlyCollection<SettingRow> Settings
    {
        get
        {
            lock (_settingsGate)
            {
                // The version first: rows newer than it are read again, never missed.
                var version = SettingsVersion;
                if (_settings.Version != version)
                {
                    _settings = (version,
                        [.. buckets.SelectMany(bucket => bucket.Read(book => book.Settings.ToArray())).OrderBy(row => row.RecordedAt).ThenBy(row => row.Seq)]);
                }

                return _settings.Rows;
            }
        }
    }

    public OrgState? Org(string org) => buckets[layout.Of(org)].Read(book => book.Org(org));
}
