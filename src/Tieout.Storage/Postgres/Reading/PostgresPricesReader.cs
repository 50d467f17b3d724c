using Tieout.Core.Pricing;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Prices from the tables.</summary>
internal sealed class PostgresPricesReader(PostgresConnections connections, Buckets layout, PostgresOrgs orgs) : IPricesReader
{
    public async Task<ResolvedPrice?> PriceAsync(string org, int number, CancellationToken cancellationToken) =>
        orgs.Org(org) is null ? null : (await connections.RunAsync(connection =>
        new PgQuery($"SELECT {RowReads.PriceColumns} FROM prices").Where("bucket = ? AND no = ?", layout.Of(org), number).ListAsync(
            connection, RowReads.Price))).Select(row => ResolvedPrice.Parse(row.Json)).SingleOrDefault();
}
