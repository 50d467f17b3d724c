using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Rows;

/// <summary>A figure as of the last commit whose rows are detached.</summary>
internal readonly record struct InCut<TRow>(TRow Row, long Cut);

/// <summary>Figures as of the last commit whose rows are detached, in a table of their own.</summary>
internal readonly struct CutTable<TTable, TRow> : ITable<InCut<TRow>>
    where TTable : struct, ITable<TRow>
{
    public static string Name { get; } = $"detached_{TTable.Name}";

    public static InCut<TRow> Blank => new(TTable.Blank, Cut: 0);

    public static void Write<TColumns>(ref TColumns to, InCut<TRow> row)
        where TColumns : struct, IColumns
    {
        to.Long("cut", row.Cut);
        TTable.Write(ref to, row.Row);
    }
}

/// <summary>The figures of accounts. Their orgs and assets stay in the ledger.</summary>
internal readonly struct AccountFiguresTable : ITable<Account>
{
    public static string Name => "accounts";

    public static Account Blank { get; } = new(0, "", default, Asset.Usd);

    public static void Write<TColumns>(ref TColumns to, Account row)
        where TColumns : struct, IColumns
    {
        to.Int("no", row.No);
        to.Sum("debits", row.Debits.Nanos);
        to.Sum("credits", row.Credits.Nanos);
        to.Sum("held", row.Held.Nanos);
        to.Long("version", row.Version);
        to.Text("grants", CheckpointTables.WriteGrants(row));
    }
}

/// <summary>A row up to a cut that stays, since later rows name it.</summary>
internal readonly record struct StayRow(long Cut, string Table, long Seq);

/// <summary>Rows up to a cut that stay.</summary>
internal readonly struct StayTable : ITable<StayRow>
{
    public static string Name => "detached_stay";

    public static StayRow Blank => new(0, "", 0);

    public static void Write<TColumns>(ref TColumns to, StayRow row)
        where TColumns : struct, IColumns
    {
        to.Long("cut", row.Cut);
        to.Text("of_table", row.Table);
        to.Long("seq", row.Seq);
    }
}

/// <summary>An attempt whose rows are detached.</summary>
/// <param name="Usage">The number of its usage record; 0: it had none.</param>
/// <param name="Hold">The number of its hold; 0: it had none.</param>
internal readonly record struct DetachedId(Guid Id, int Attribution, long Usage, long Hold);

/// <summary>Attempts that are known by their ids alone.</summary>
internal readonly struct DetachedIdsTable : ITable<DetachedId>
{
    public static string Name => "detached_ids";

    public static DetachedId Blank => default;

    public static void Write<TColumns>(ref TColumns to, DetachedId row)
        where TColumns : struct, IColumns
    {
        to.Id("id", row.Id);
        to.Int("attribution", row.Attribution);
        to.Long("usage", row.Usage);
        to.Long("hold", row.Hold);
    }
}
