using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>The tables as they are written here: those that every store has, as they are declared, and those that only this one has.</summary>
internal static class Tables
{
    public static readonly Table<SettingRow> Settings = new Table<SettingsTable, SettingRow>();
    public static readonly Table<LabelsRow> Labels = new Table<LabelsTable, LabelsRow>();
    public static readonly Table<PriceRow> Prices = new Table<PricesTable, PriceRow>();
    public static readonly Table<CommandRow> Commands = new Table<CommandsTable, CommandRow>();
    public static readonly Table<HoldRow> Holds = new Table<HoldsTable, HoldRow>();
    public static readonly Table<InCommit<HoldEnd>> HoldEnds = new Table<HoldEndsTable, InCommit<HoldEnd>>();
    public static readonly Table<UsageRow> Usage = new Table<UsageTable, UsageRow>();
    public static readonly Table<UsageRow> UsageIds = new Table<UsageIdsTable, UsageRow>();
    public static readonly Table<PostingRow> Postings = new Table<PostingsTable, PostingRow>();
    public static readonly Table<FindingRow> Findings = new Table<FindingsTable, FindingRow>();
    public static readonly Table<OutboxRow> Outbox = new Table<OutboxTable, OutboxRow>();
    public static readonly Table<ObjectRow> Objects = new Table<ObjectsTable, ObjectRow>();
    public static readonly Table<InCommit<ObjectEnd>> ObjectEnds = new Table<ObjectEndsTable, InCommit<ObjectEnd>>();
    public static readonly Table<LineageEntry> Lineage = new Table<LineageTable, LineageEntry>();
    public static readonly Table<AuditRow> Audit = new Table<AuditTable, AuditRow>();
    public static readonly Table<RecordRow> Records = new Table<RecordsTable, RecordRow>();
    public static readonly Table<ChainRow> Chain = new Table<ChainTable, ChainRow>();

    public static readonly Table<InCommit<Account>> Accounts = new Table<InCommitTable<AccountsTable, Account>, InCommit<Account>>("""
        ON CONFLICT (bucket, no) DO UPDATE SET debits = excluded.debits, credits = excluded.credits, held = excluded.held,
          version = excluded.version, grants = excluded.grants, commit_no = excluded.commit_no
        """);

    public static readonly Table<InCommit<BudgetWindow>> Windows = new Table<InCommitTable<WindowsTable, BudgetWindow>, InCommit<BudgetWindow>>("""
        ON CONFLICT (bucket, budget, start_at, each) DO UPDATE SET posted = excluded.posted, held = excluded.held,
          told_percent = excluded.told_percent, commit_no = excluded.commit_no
        """);

    public static readonly Table<CellChange> Cells = new Table<CellsTable, CellChange>(
        AddedColumns<CellsTable, CellChange>.OnConflict(AddingSql.Postgres));
}

/// <summary>An id counts once for ever, in whatever month its usage lies.</summary>
internal readonly struct UsageIdsTable : ITable<UsageRow>
{
    public static string Name => "usage_ids";

    public static UsageRow Blank => UsageTable.Blank;

    public static void Write<TColumns>(ref TColumns to, UsageRow row)
        where TColumns : struct, IColumns
    {
        to.Id("id", row.Usage.Id.Value);
        to.Long("seq", row.Seq);
        to.Long("recorded_at", row.RecordedAt.UnixMicros);
    }
}
