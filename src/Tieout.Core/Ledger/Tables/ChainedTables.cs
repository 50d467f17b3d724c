namespace Tieout.Core.Ledger.Tables;

/// <summary>The list of all tables that the hash chain covers (L8). The order of the list is the order of the hash, so a new table comes last. What is done
/// with every table is done with this list: rows are sealed, inserted, copied, verified, archived and moved by it.</summary>
public static class ChainedTables
{
    /// <returns>What <paramref name="visitor"/> returns for each table.</returns>
    public static T[] Each<T>(IChainedTableVisitor<T> visitor) =>
    [
        visitor.Visit<SettingsTable, SettingRow>(),
        visitor.Visit<LabelsTable, LabelsRow>(),
        visitor.Visit<PricesTable, PriceRow>(),
        visitor.Visit<CommandsTable, CommandRow>(),
        visitor.Visit<HoldsTable, HoldRow>(),
        visitor.Visit<HoldEndsTable, HoldEnd>(),
        visitor.Visit<UsageTable, UsageRow>(),
        visitor.Visit<PostingsTable, PostingRow>(),
        visitor.Visit<FindingsTable, FindingRow>(),
        visitor.Visit<OutboxTable, OutboxRow>(),
        visitor.Visit<ObjectsTable, ObjectRow>(),
        visitor.Visit<ObjectEndsTable, ObjectEnd>(),
        visitor.Visit<LineageTable, LineageEntry>(),
        visitor.Visit<AuditTable, AuditRow>(),
        visitor.Visit<RecordsTable, RecordRow>(),
    ];
}

/// <summary>Makes a <typeparamref name="T"/> for each table that the chain covers: its code for one table, which is then called once for all rows of a
/// commit.</summary>
public interface IChainedTableVisitor<out T>
{
    T Visit<TTable, TRow>()
        where TTable : struct, IChainedTable<TRow>
        where TRow : ChainedRow;
}

/// <remarks>The links themselves: what hashes the rows is under no hash.</remarks>
public readonly struct ChainTable : ITable<ChainRow>
{
    public static string Name => "chain";

    public static ChainRow Blank { get; } = new(0, [], [], default, default);

    public static void Write<TColumns>(ref TColumns to, ChainRow row)
        where TColumns : struct, IColumns
    {
        var last = row.Last;
        to.Commit(row.Commit);
        to.Bytes("hash", row.Hash);
        to.Long("recorded_at", row.RecordedAt.UnixMicros);
        to.Long("last_usage", last.Usage);
        to.Long("last_posting", last.Posting);
        to.Long("last_hold", last.Hold);
        to.Long("last_setting", last.Setting);
        to.Long("last_finding", last.Finding);
        to.Long("last_outbox", last.Outbox);
        to.Int("last_labels", last.Labels);
        to.Int("last_price", last.Price);
        to.Int("last_account", last.Account);
        to.Int("last_budget", last.Budget);
        to.Long("last_object", last.Object);
        to.Long("last_lineage", last.Lineage);
        to.Long("last_audit", last.Audit);
        to.Long("last_record", last.Record);
    }
}
