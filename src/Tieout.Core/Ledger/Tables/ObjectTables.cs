namespace Tieout.Core.Ledger.Tables;

public readonly struct ObjectsTable : IChainedTable<ObjectRow>
{
    public static string Name => "objects";

    public static byte Tag => 11;

    public static string Key => "seq";

    public static string? Last => "last_object";

    public static ObjectRow Blank { get; } = new(0, new("", default, "", "", null, null, false, ""), default, 0);

    public static void Write<TColumns>(ref TColumns to, ObjectRow row)
        where TColumns : struct, IColumns
    {
        var stored = row.Object;
        to.Long("seq", row.Seq);
        to.Text("org", stored.Org);
        to.Int("kind", (int)stored.Kind);
        to.Text("id", stored.Id);
        to.Text("key", stored.Key);
        to.OptionalId("attempt", stored.Attempt?.Value);
        to.OptionalText("operation_id", stored.OperationId);
        to.Int("pending", stored.IsPending ? 1 : 0);
        to.Text("body", stored.Body);
        to.Long("recorded_at", row.RecordedAt.UnixMicros);
        to.Crc(row.Crc);
    }
}

public readonly struct ObjectEndsTable : IChainedTable<InCommit<ObjectEnd>>
{
    public static string Name => "object_ends";

    public static byte Tag => 12;

    public static string Key => "commit_no";

    public static string? Last => null;

    public static InCommit<ObjectEnd> Blank { get; } = new(new(ObjectsTable.Blank, "", default, 0), 0);

    public static void Write<TColumns>(ref TColumns to, InCommit<ObjectEnd> row)
        where TColumns : struct, IColumns
    {
        to.Long("object", row.Row.Object.Seq);
        to.Text("body", row.Row.Body);
        to.Long("ended_at", row.Row.EndedAt.UnixMicros);
        to.Commit(row.Commit);
        to.Crc(row.Row.Crc);
    }
}
