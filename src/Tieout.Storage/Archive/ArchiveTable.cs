using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Archive;

/// <summary>A table that the chain covers, and which of its rows belong to a commit.</summary>
/// <param name="Key">The column that orders the rows.</param>
/// <param name="Last">The column of <c>chain</c> that says how far the key had come; null: the key is the commit itself.</param>
internal sealed record ArchiveTable(string Name, string Key, string? Last, IReadOnlyList<TableColumn> Columns)
{
    /// <summary>In the order in which rows may be put back. The chain comes last: what it covers is there before it.</summary>
    public static IReadOnlyList<ArchiveTable> All { get; } =
    [
        Of<SettingsTable, SettingRow>(),
        Of<LabelsTable, LabelsRow>(),
        Of<PricesTable, PriceRow>(),
        Of<CommandsTable, CommandRow>(),
        Of<HoldsTable, HoldRow>(),
        Of<HoldEndsTable, InCommit<HoldEnd>>(),
        Of<UsageTable, UsageRow>(),
        Of<PostingsTable, PostingRow>(),
        Of<FindingsTable, FindingRow>(),
        Of<OutboxTable, OutboxRow>(),
        Of<ObjectsTable, ObjectRow>(),
        Of<ObjectEndsTable, InCommit<ObjectEnd>>(),
        Of<LineageTable, LineageEntry>(),
        Of<AuditTable, AuditRow>(),
        Of<RecordsTable, RecordRow>(),
        new(ChainTable.Name, "commit_no", Last: null, TableColumns<ChainTable, ChainRow>.All),
    ];

    public string ColumnNames { get; } = string.Join(", ", Columns.Select(column => column.Name));

    private static ArchiveTable Of<TTable, TRow>()
        where TTable : struct, IChainedTable<TRow> => new(TTable.Name, TTable.Key, TTable.Last, TableColumns<TTable, TRow>.All);
}
