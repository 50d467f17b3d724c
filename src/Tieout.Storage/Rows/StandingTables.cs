using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Rows;

/// <summary>Accounts as they are stored. They follow from rows, so they are in no chain.</summary>
internal readonly struct AccountsTable : ITable<Account>
{
    public static string Name => "accounts";

    public static Account Blank { get; } = new(0, "", default, Asset.Usd);

    public static void Write<TColumns>(ref TColumns to, Account row)
        where TColumns : struct, IColumns
    {
        to.Int("no", row.No);
        to.Text("org", row.Org);
        to.Int("kind", (int)row.Kind);
        to.Text("asset", row.Asset.Code);
        to.Sum("debits", row.Debits.Nanos);
        to.Sum("credits", row.Credits.Nanos);
        to.Sum("held", row.Held.Nanos);
        to.Long("version", row.Version);
        to.Text("grants", CheckpointTables.WriteGrants(row));
    }
}

/// <summary>Budget windows as they are stored. They follow from rows, so they are in no chain.</summary>
internal readonly struct WindowsTable : ITable<BudgetWindow>
{
    public static string Name => "windows";

    public static BudgetWindow Blank { get; } = new(default, default);

    public static void Write<TColumns>(ref TColumns to, BudgetWindow row)
        where TColumns : struct, IColumns
    {
        to.Int("budget", row.Key.Budget);
        to.Long("start_at", row.Key.Start.UnixMicros);
        to.Text("each", row.Key.Each ?? "");
        to.Long("end_at", row.End.UnixMicros);
        to.Sum("posted", row.Posted.Nanos);
        to.Sum("held", row.Held.Nanos);
        to.Int("told_percent", row.LastAlertedPercent);
    }
}

/// <summary>A table whose rows also say the commit that wrote them last, so that another node catches up with what it lacks.</summary>
internal readonly struct InCommitTable<TTable, TRow> : ITable<InCommit<TRow>>
    where TTable : struct, ITable<TRow>
{
    public static string Name => TTable.Name;

    public static InCommit<TRow> Blank => new(TTable.Blank, Commit: 0);

    public static void Write<TColumns>(ref TColumns to, InCommit<TRow> row)
        where TColumns : struct, IColumns
    {
        TTable.Write(ref to, row.Row);
        to.Commit(row.Commit);
    }
}
