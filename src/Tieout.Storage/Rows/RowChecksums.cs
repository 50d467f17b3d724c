using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;

namespace Tieout.Storage.Rows;

/// <summary>Compares a row that decisions are made on with the checksum that was stored with it. A row that changed since it was written is damaged, also where
/// every value of it can be read.</summary>
internal sealed class RowChecksums : IDisposable
{
    private readonly RowBuffer _bytes = new();

    public SettingRow Check(SettingRow row) => Check<SettingsTable, SettingRow>(row);

    public LabelsRow Check(LabelsRow row) => Check<LabelsTable, LabelsRow>(row);

    public PriceRow Check(PriceRow row) => Check<PricesTable, PriceRow>(row);

    public HoldRow Check(HoldRow row) => Check<HoldsTable, HoldRow>(row);

    public UsageRow Check(UsageRow row) => Check<UsageTable, UsageRow>(row);

    public PostingRow Check(PostingRow row) => Check<PostingsTable, PostingRow>(row);

    /// <returns>The row.</returns>
    /// <exception cref="StoreCorruptException">A value of the row, or its checksum, is not the one that was written.</exception>
    private TRow Check<TTable, TRow>(TRow row)
        where TTable : struct, IChainedTable<TRow>
        where TRow : ChainedRow
    {
        _bytes.Clear();
        return _bytes.Add<TTable, TRow>(row) == row.Crc ? row : throw new StoreCorruptException("its checksum is not that of its values.");
    }

    public void Dispose() => _bytes.Dispose();

    /// <summary>Why the rows of a table are not all there, or there are too many; null: as many as the chain says. Numbers begin at 1 and have no
    /// gaps.</summary>
    /// <param name="rows">How many there are, readable or not.</param>
    /// <param name="expected">How many the last commit says.</param>
    public static string? Missing(string table, long rows, long expected) =>
        rows == expected ? null : $"Rows of table {table} are missing or too many: {rows} are there, and the last commit says {expected}.";
}
