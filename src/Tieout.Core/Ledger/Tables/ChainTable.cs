namespace Tieout.Core.Ledger.Tables;

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
