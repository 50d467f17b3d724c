namespace Tieout.Core.Ledger.Tables;

public readonly struct FindingsTable : IChainedTable<FindingRow>
{
    public static string Name => "findings";
    public static byte Tag => 9;
    public static string Key => "seq";
    public static string? Last => "last_finding";
    public static FindingRow Blank { get; } = new(0, new("", ""), "", null, "", default, 0);
    public static IReadOnlyList<FindingRow> Rows(WriteSet writes) => writes.Findings;
    public static long Number(FindingRow row) => row.Seq;
    public static long LastIn(in Sequences last) => last.Finding;
    public static string Describe(FindingRow row) => $"{row.Seq}";

    public static void Write<TColumns>(ref TColumns to, FindingRow row)
        where TColumns : struct, IColumns
    {
        to.Long("seq", row.Seq);
        to.Text("code", row.Code.Name);
        to.Text("severity", row.Code.Severity);
        to.Text("org", row.Org);
        to.OptionalId("attempt", row.Attempt?.Value);
        to.Text("detail", row.Detail);
        to.Long("recorded_at", row.RecordedAt.UnixMicros);
        to.Crc(row.Crc);
    }
}

public readonly struct OutboxTable : IChainedTable<OutboxRow>
{
    public static string Name => "outbox";
    public static byte Tag => 10;
    public static string Key => "seq";
    public static string? Last => "last_outbox";
    public static OutboxRow Blank { get; } = new(0, "", "", "", "", default, 0);
    public static IReadOnlyList<OutboxRow> Rows(WriteSet writes) => writes.Outbox;
    public static long Number(OutboxRow row) => row.Seq;
    public static long LastIn(in Sequences last) => last.Outbox;
    public static string Describe(OutboxRow row) => $"{row.Seq} ({row.Id})";

    public static void Write<TColumns>(ref TColumns to, OutboxRow row)
        where TColumns : struct, IColumns
    {
        to.Long("seq", row.Seq);
        to.Text("id", row.Id);
        to.Text("org", row.Org);
        to.Text("type", row.Type);
        to.Text("body", row.Body);
        to.Long("recorded_at", row.RecordedAt.UnixMicros);
        to.Crc(row.Crc);
    }
}

public readonly struct LineageTable : IChainedTable<LineageEntry>
{
    public static string Name => "lineage";
    public static byte Tag => 13;
    public static string Key => "seq";
    public static string? Last => "last_lineage";
    public static LineageEntry Blank { get; } = new(0, "", "", "", [], new("", 0, new(default, "", 0, "", "", default), []), 0);
    public static IReadOnlyList<LineageEntry> Rows(WriteSet writes) => writes.Lineage;
    public static long Number(LineageEntry row) => row.Seq;
    public static long LastIn(in Sequences last) => last.Lineage;
    public static string Describe(LineageEntry row) => $"{row.Seq} (issuance {row.Row.Issuance}, no. {row.Row.No})";

    public static void Write<TColumns>(ref TColumns to, LineageEntry row)
        where TColumns : struct, IColumns
    {
        var (link, step) = (row.Row, row.Row.Step);
        to.Long("seq", row.Seq);
        to.Text("org", row.Org);
        to.Text("operation_id", row.OperationId);
        to.Text("issuance_id", link.Issuance);
        to.Int("no", link.No);
        to.Text("key_id", row.KeyId);
        to.Bytes("token_sha256", row.TokenSha256);
        to.Int("kind", (int)step.Kind);
        to.Text("id", step.Id);
        to.Int("attempt_no", step.AttemptNo);
        to.Text("executor", step.Executor);
        to.Text("target", step.Target);
        to.Long("at", step.At.UnixMicros);
        to.Bytes("link", link.Link);
        to.Crc(row.Crc);
    }
}

public readonly struct AuditTable : IChainedTable<AuditRow>
{
    public static string Name => "audit";
    public static byte Tag => 15;
    public static string Key => "seq";
    public static string? Last => "last_audit";
    public static AuditRow Blank { get; } = new(0, "", new("", "", "", null, null), "", "", null, null, "", default, 0);
    public static IReadOnlyList<AuditRow> Rows(WriteSet writes) => writes.Audit;
    public static long Number(AuditRow row) => row.Seq;
    public static long LastIn(in Sequences last) => last.Audit;
    public static string Describe(AuditRow row) => $"{row.Seq} ({row.Action} by {row.Actor.Id})";

    public static void Write<TColumns>(ref TColumns to, AuditRow row)
        where TColumns : struct, IColumns
    {
        to.Long("seq", row.Seq);
        to.Text("org", row.Org);
        to.Text("actor", row.Actor.Id);
        to.Text("role", row.Actor.Role);
        to.Text("correlation_id", row.Actor.CorrelationId);
        to.OptionalText("address", row.Actor.Address);
        to.OptionalText("agent", row.Actor.Agent);
        to.Text("action", row.Action);
        to.Text("target", row.Target);
        to.OptionalText("before", row.Before);
        to.OptionalText("after", row.After);
        to.Text("outcome", row.Outcome);
        to.Long("recorded_at", row.RecordedAt.UnixMicros);
        to.Crc(row.Crc);
    }
}

public readonly struct RecordsTable : IChainedTable<RecordRow>
{
    public static string Name => "records";
    public static byte Tag => 16;
    public static string Key => "seq";
    public static string? Last => "last_record";
    public static RecordRow Blank { get; } = new(0, default, "", "", "", default, 0);
    public static IReadOnlyList<RecordRow> Rows(WriteSet writes) => writes.Records;
    public static long Number(RecordRow row) => row.Seq;
    public static long LastIn(in Sequences last) => last.Record;
    public static string Describe(RecordRow row) => $"{row.Seq} ({row.Kind} {row.Name})";

    public static void Write<TColumns>(ref TColumns to, RecordRow row)
        where TColumns : struct, IColumns
    {
        to.Long("seq", row.Seq);
        to.Int("kind", (int)row.Kind);
        to.Text("org", row.Org);
        to.Text("name", row.Name);
        to.Text("body", row.Body);
        to.Long("recorded_at", row.RecordedAt.UnixMicros);
        to.Crc(row.Crc);
    }
}
