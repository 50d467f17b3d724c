using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Follower;

/// <summary>Sketches back from what the follower wrote, column by column as the table's declaration lists them.</summary>
internal static class SketchReads
{
    public static readonly string Columns = TableColumns<UsageSketchTable, UsageSketch>.Names;

    /// <exception cref="StoreCorruptException">No such sketch is ever written.</exception>
    public static UsageSketch Sketch(IRow row)
    {
        var from = new ColumnReader(row);
        var (key, attempts) = (new SketchKey(from.Int(), from.Time(), from.Int()), from.Long());

        // The columns behind those four, read in place: a report reads thousands of them.
        var input = QuantileSketch.Read(row.Bytes(4));
        var output = QuantileSketch.Read(row.Bytes(5));
        var users = DistinctSketch.Read(row.Bytes(6));
        return input is not null && output is not null && users is not null
            ? UsageSketch.Of(key, attempts, input, output, users)
            : throw new StoreCorruptException(
                $"{UsageSketchTable.Name}: the sketch of the hour from {key.Start}, attribution {key.Labels} has bytes that are no sketch.");
    }
}
