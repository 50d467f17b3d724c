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
        Of<SettingsTable, SettingRow>("seq", "last_setting"),
        Of<LabelsTable, LabelsRow>("no", "last_labels"),
        Of<PricesTable, PriceRow>("no", "last_price"),
        Of<CommandsTable, CommandRow>("posting", "last_posting"),
        Of<HoldsTable, HoldRow>("seq", "last_hold"),
        Of<HoldEndsTable, InCommit<HoldEnd>>("commit_no", null),
        Of<UsageTable, UsageRow>("seq", "last_usage"),
        Of<PostingsTable, PostingRow>("seq", "last_posting"),
        Of<FindingsTable, FindingRow>("seq", "last_finding"),
        Of<OutboxTable, OutboxRow>("seq", "last_outbox"),
        Of<ObjectsTable, ObjectRow>("seq", "last_object"),
        Of<ObjectEndsTable, InCommit<ObjectEnd>>("commit_no", null),
        Of<LineageTable, LineageEntry>("seq", "last_lineage"),
        Of<AuditTable, AuditRow>("seq", "last_audit"),
        Of<RecordsTable, RecordRow>("seq", "last_record"),
        Of<ChainTable, ChainRow>("commit_no", null),
    ];

    public string ColumnNames { get; } = string.Join(", ", Columns.Select(column => column.Name));

    private static ArchiveTable Of<TTable, TRow>(string key, string? last)
        where TTable : struct, ITable<TRow> => new(TTable.Name, key, last, TableColumns<TTable, TRow>.All);
}
