namespace Tieout.Core.Ledger.Tables;

public readonly struct ObjectsTable : IChainedTable<ObjectRow>
{
    public static string Name => "objects";
    public static byte Tag => 11;
    public static string Key => "seq";
    public static string? Last => "last_object";
    public static ObjectRow Blank { get; } = new(0, new("", default, "", "", null, null, false, ""), default, 0);
    public static IReadOnlyList<ObjectRow> Rows(WriteSet writes) => writes.Objects;
    public static long Number(ObjectRow row) => row.Seq;
    public static long LastIn(in Sequences last) => last.Object;
    public static string Describe(ObjectRow row) => $"{row.Seq} ({row.Object.Kind} {row.Object.Id})";

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

public readonly struct ObjectEndsTable : IChainedTable<ObjectEnd>
{
    public static string Name => "object_ends";
    public static byte Tag => 12;
    public static string Key => "commit_no";
    public static string? Last => null;
    public static ObjectEnd Blank { get; } = new(ObjectsTable.Blank, "", default, 0, 0);
    public static IReadOnlyList<ObjectEnd> Rows(WriteSet writes) => writes.ObjectsEnded;
    public static long Number(ObjectEnd row) => row.Commit;
    public static long LastIn(in Sequences last) => last.Commit;
    public static string Describe(ObjectEnd row) => $"{row.Object.Seq} ({row.Object.Object.Id})";

    public static void Write<TColumns>(ref TColumns to, ObjectEnd row)
        where TColumns : struct, IColumns
    {
        to.Long("object", row.Object.Seq);
        to.Text("body", row.Body);
        to.Long("ended_at", row.EndedAt.UnixMicros);
        to.Commit(row.Commit);
        to.Crc(row.Crc);
    }
}
