using Tieout.Core;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Sqlite;

/// <summary>Last uses of keys of the embedded store.</summary>
internal sealed class SqliteKeyUses(SideConnection side) : IKeyUses
{
    public Task StoreAsync(IReadOnlyList<KeyUse> uses, CancellationToken cancellationToken) => side.WriteAsync(connection =>
    {
        foreach (var use in uses)
        {
            SideConnection.Run(
                connection, "INSERT INTO key_uses VALUES (?, ?, ?) ON CONFLICT (org, key) DO UPDATE SET used_at = max(used_at, excluded.used_at)", use.Org,
                use.Key, use.At.UnixMicros);
        }
    }, cancellationToken);

    public Task<IReadOnlyDictionary<string, Instant>> OfAsync(string org, CancellationToken cancellationToken) =>
        side.ReadAsync<IReadOnlyDictionary<string, Instant>>(connection =>
        new Query("SELECT key, used_at FROM key_uses").Where("org = ?", org).List(connection, row => (Key: row.Text(0), At: RowReads.Time(row, 1)))
            .ToDictionary(row => row.Key, row => row.At, StringComparer.Ordinal), cancellationToken);
}
