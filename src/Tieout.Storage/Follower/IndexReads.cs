using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Follower;

/// <summary>Index entries back from what the follower wrote, column by column as the table's declaration lists them.</summary>
internal static class IndexReads
{
    public static readonly string HourColumns = TableColumns<HourRowsTable, HourRows>.Names;

    /// <returns>The key of a list and the numbers of its rows, ascending.</returns>
    /// <exception cref="StoreCorruptException">No such list is ever written.</exception>
    public static (HourRowsKey Key, long[] Numbers) Hour(IRow row)
    {
        var from = new ColumnReader(row);
        var key = new HourRowsKey(from.Time(), from.Int(), from.Long());
        return (key, HourRows.Numbers(key.Part, row.Bytes(HourRowsTable.KeyColumns)) ?? throw new StoreCorruptException(
            $"{HourRowsTable.Name}: the list of the hour from {key.Start}, attribution {key.Labels}, part {key.Part} has bytes that are no row numbers."));
    }
}
