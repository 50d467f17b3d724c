using Tieout.Core.Pricing;
using Tieout.Storage.Rows;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Prices from the file.</summary>
internal sealed class SqlitePricesReader(ReadConnections connections, LedgerWriter writer) : IPricesReader
{
    public async Task<ResolvedPrice?> PriceAsync(string org, int number, CancellationToken cancellationToken) =>
        writer.Pipeline.Read(image => image.Org(org)) is null ? null : (await connections.RowsAsync(cancellationToken, connection =>
        new Query($"SELECT {RowReads.PriceColumns} FROM prices").Where("no = ?", number).List(connection, RowReads.Price))).Select(
            row => ResolvedPrice.Parse(row.Json)).SingleOrDefault();
}
