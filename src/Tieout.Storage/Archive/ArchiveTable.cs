namespace Tieout.Storage.Archive;

/// <summary>How a column's values are written: a number, text, bytes or an id (both as hexadecimal).</summary>
internal enum ArchiveType
{
    Number,
    Text,
    Bytes,
    Id,
}

/// <summary>A table that the chain covers, and which of its rows belong to a commit.</summary>
/// <param name="Key">The column that orders the rows.</param>
/// <param name="Last">The column of <c>chain</c> that says how far the key had come; null: the key is the commit itself.</param>
internal sealed record ArchiveTable(string Name, string Key, string? Last, IReadOnlyList<(string Name, ArchiveType Type)> Columns)
{
    /// <summary>In the order in which rows may be put back. The chain comes last: what it covers is there before it.</summary>
    public static IReadOnlyList<ArchiveTable> All { get; } =
    [
        Of("settings", "seq", "last_setting", "seq kind org:t name:t body:t after_hold recorded_at crc"),
        Of(
            "attributions", "no", "last_labels",
            "no org:t project:t team:t key:t feature:t provider:t model:t source trigger:t crc app_instance:t component:t control_plane operating_mode:t control_plane_scope:t runtime_backend:t"),
        Of("prices", "no", "last_price", "no body:t crc"),
        Of("commands", "posting", "last_posting", "org:t id:t content:t posting crc"),
        Of("holds", "seq", "last_hold", "seq id:id attribution end_user:t operation_id:t amount held_at expires_at crc"),
        Of("hold_ends", "commit_no", null, "hold state ended_at commit_no crc"),
        Of(
            "usage", "seq", "last_usage",
            "seq id:id attribution operation_id:t attempt_no workflow_id:t correlation_id:t trace_id:t end_user:t occurred_at duration_ms status_code input_tokens cache_read_tokens "
            + "cache_write_tokens output_tokens reasoning_tokens more:t basis flags price provider_cost charge charge_flags effective_at recorded_at crc"),
        Of("postings", "seq", "last_posting", "seq kind debit credit amount usage_seq command_id:t reverses reason:t effective_at recorded_at posting_repair crc"),
        Of("findings", "seq", "last_finding", "seq code:t severity:t org:t attempt:id detail:t recorded_at crc"),
        Of("outbox", "seq", "last_outbox", "seq id:t org:t type:t body:t recorded_at crc"),
        Of("objects", "seq", "last_object", "seq org:t kind id:t key:t attempt:id operation_id:t pending body:t recorded_at crc"),
        Of("object_ends", "commit_no", null, "object body:t ended_at commit_no crc"),
        Of(
            "lineage", "seq", "last_lineage",
            "seq org:t operation_id:t issuance_id:t no key_id:t token_sha256:b kind id:t attempt_no executor:t target:t at link:b crc"),
        Of(
            "audit", "seq", "last_audit",
            "seq org:t actor:t role:t correlation_id:t address:t agent:t action:t target:t before:t after:t outcome:t recorded_at crc"),
        Of("records", "seq", "last_record", "seq kind org:t name:t body:t recorded_at crc"),
        Of(
            "chain", "commit_no", null,
            "commit_no hash:b recorded_at last_usage last_posting last_hold last_setting last_finding last_outbox last_labels last_price last_account last_budget last_object last_lineage last_audit last_record"),
    ];

    public string ColumnNames { get; } = string.Join(", ", Columns.Select(column => column.Name));

    private static ArchiveTable Of(string name, string key, string? last, string columns) => new(name, key, last, [.. columns.Split(' ').Select(Column)]);

    private static (string, ArchiveType) Column(string text) => text.Split(':') switch
    {
        [var name] => (name, ArchiveType.Number),
        [var name, "t"] => (name, ArchiveType.Text),
        [var name, "b"] => (name, ArchiveType.Bytes),
        [var name, "id"] => (name, ArchiveType.Id),
        _ => throw new ArgumentException($"'{text}' is no column.", nameof(text)),
    };
}
