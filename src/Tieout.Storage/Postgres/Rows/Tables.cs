using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>The tables as they are written here: those that every store has, as they are declared, and those that only this one has.</summary>
internal static class Tables
{
    /// <summary>Writes the rows of each table that the chain covers.</summary>
    public static readonly Func<BucketWriter, WriteSet, Task>[] Chained = ChainedTables.Each(new OfChained());

    public static readonly Table<UsageRow> UsageIds = new Table<UsageIdsTable, UsageRow>();
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

    private sealed class OfChained : IChainedTableVisitor<Func<BucketWriter, WriteSet, Task>>
    {
        public Func<BucketWriter, WriteSet, Task> Visit<TTable, TRow>()
            where TTable : struct, IChainedTable<TRow>
            where TRow : ChainedRow
        {
            var table = new Table<TTable, TRow>();
            return (to, writes) => to.WriteAsync(table, TTable.Rows(writes));
        }
    }
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
