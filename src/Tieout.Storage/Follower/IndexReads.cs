using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Follower;

/// <summary>Index entries back from what the follower wrote, column by column as the table's declaration lists them.</summary>
internal static class IndexReads
{
    public static readonly string HourColumns = TableColumns<HourRowsTable, HourRows>.Names;

    public static readonly string RunColumns = TableColumns<IdRunTable, IdRun>.Names;
    public static readonly string BlockColumns = TableColumns<IdBlockTable, IdRunBlock>.Of("b");

    /// <summary>The column of <c>usage</c> that holds the ids of a kind.</summary>
    public static string Column(UsageIdKind kind) => kind switch
    {
        UsageIdKind.Operation => "operation_id",
        UsageIdKind.Correlation => "correlation_id",
        UsageIdKind.Trace => "trace_id",
        UsageIdKind.Workflow => "workflow_id",
        _ => "end_user",
    };

    /// <returns>The key of a list and the numbers of its rows, ascending.</returns>
    /// <exception cref="StoreCorruptException">No such list is ever written.</exception>
    public static (HourRowsKey Key, long[] Numbers) Hour(IRow row)
    {
        var from = new ColumnReader(row);
        var key = new HourRowsKey(from.Time(), from.Int(), UsageTraits.OfNumber(from.Long()), from.Long());
        return (key, HourRows.Numbers(key.Part, row.Bytes(HourRowsTable.KeyColumns)) ?? throw new StoreCorruptException(
            $"{HourRowsTable.Name}: the list of the hour from {key.Start}, attribution {key.Labels}, {key.Traits}, part {key.Part} has bytes that are no row numbers."));
    }

    public static IdRun Run(IRow row)
    {
        var from = new ColumnReader(row);
        var last = from.Long();
        return new(from.Long(), last, from.Long());
    }

    /// <returns>The run that a block is of and its entries, ascending.</returns>
    /// <exception cref="StoreCorruptException">No such block is ever written.</exception>
    public static (long Run, List<IdEntry> Entries) Block(IRow row)
    {
        var entries = new List<IdEntry>();
        return (Block(row, entries.Add), entries);
    }

    /// <summary>Hands on the entries of a block one by one, ascending.</summary>
    /// <returns>The run that it is of.</returns>
    /// <exception cref="StoreCorruptException">No such block is ever written.</exception>
    public static long Block(IRow row, Action<IdEntry> take)
    {
        var from = new ColumnReader(row);
        var (run, first) = (from.Long(), new IdEntry(from.Long(), from.Long()));
        return IdBlock.TryRead(first, row.Bytes(3), take) ? run : throw new StoreCorruptException(
            $"{IdBlockTable.Name}: the block of run {run} from {first.Key}, usage {first.Seq} has bytes that are no entries.");
    }
}
