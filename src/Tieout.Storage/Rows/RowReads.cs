using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Rows;

/// <summary>Rows back from what a store wrote, field by field the same. Each reader says which columns it expects.</summary>
internal static class RowReads
{
    public const string SettingColumns = "seq, kind, org, name, body, after_hold, recorded_at, crc";
    public const string LabelsColumns = "no, org, project, team, key, feature, provider, model, source, trigger, crc, "
        + "app_instance, component, control_plane, operating_mode, control_plane_scope, runtime_backend";
    private const int FirstRuntimeColumn = 11;
    private const int RuntimeColumns = 6;
    public const string CommandColumns = "org, id, content, posting, crc";
    public const string HoldColumns = "h.seq, h.id, h.attribution, h.end_user, h.operation_id, h.amount, h.held_at, h.expires_at, h.crc";
    public const string UsageColumns =
        "u.seq, u.id, u.attribution, u.operation_id, u.attempt_no, u.workflow_id, u.correlation_id, u.trace_id, u.end_user, u.occurred_at, u.duration_ms, u.status_code, "
        + "u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.output_tokens, u.reasoning_tokens, u.more, u.basis, u.flags, u.price, u.provider_cost, u.charge, "
        + "u.charge_flags, u.effective_at, u.recorded_at, u.crc";
    public const string PostingColumns = "p.seq, p.kind, p.debit, p.credit, p.amount, p.usage_seq, p.command_id, p.reverses, p.reason, p.effective_at, p.recorded_at, p.posting_repair, p.crc";
    public const string FindingColumns = "seq, code, severity, org, attempt, detail, recorded_at, crc";
    public const string OutboxColumns = "seq, id, org, type, body, recorded_at, crc";
    public const string ObjectColumns = "o.seq, o.org, o.kind, o.id, o.key, o.attempt, o.operation_id, o.pending, o.body, o.recorded_at, o.crc";
    public const string ObjectEndColumns = "e.body, e.ended_at, e.crc";
    public const string LineageColumns =
        "seq, org, operation_id, issuance_id, no, key_id, token_sha256, kind, id, attempt_no, executor, target, at, link, crc";
    public const string ChainColumns =
        "commit_no, hash, recorded_at, last_usage, last_posting, last_hold, last_setting, last_finding, last_outbox, last_labels, last_price, last_account, last_budget, last_object, last_lineage, last_audit, last_record";
    public const string AuditColumns = "seq, org, actor, role, correlation_id, address, agent, action, target, before, after, outcome, recorded_at, crc";
    public const string RecordColumns = "seq, kind, org, name, body, recorded_at, crc";
    public const string WindowColumns = "budget, start_at, each, end_at, posted, held, told_percent";

    public const int UsageColumnCount = 27;
    public const int PostingColumnCount = 13;
    public const int ChainColumnCount = 17;

    public static SettingRow Setting(IRow s) =>
        new(s.Int64(0), (SettingKind)s.Int64(1), s.Text(2), s.Text(3), s.Text(4), s.Int64(5), Time(s, 6), Crc(s, 7));

    public static LabelsRow Labels(IRow s) => new(
        Int32(s, 0),
        new()
        {
            Org = s.Text(1),
            Project = s.TextOrNull(2),
            Team = s.TextOrNull(3),
            Key = s.TextOrNull(4),
            Feature = s.TextOrNull(5),
            Provider = s.TextOrNull(6),
            Model = s.TextOrNull(7),
            Source = (UsageSource)s.Int64(8),
            Trigger = s.TextOrNull(9),
            Runtime = Runtime(s),
        },
        Crc(s, 10));

    public static PriceRow Price(IRow s) => new(Int32(s, 0), s.Text(1), Crc(s, 2));

    public static CommandRow Command(IRow s) => new(s.Text(0), s.Text(1), s.Text(2), s.Int64(3), Crc(s, 4));

    /// <param name="labels">The labels of an attribution number.</param>
    /// <param name="first">The column that the row begins in.</param>
    public static HoldRow Hold(IRow s, Func<int, UsageLabels> labels, int first = 0)
    {
        var attribution = Int32(s, first + 2);
        var hold = new Hold(
            new(s.Guid(first + 1)), s.Int64(first), attribution, labels(attribution), s.TextOrNull(first + 3), s.Text(first + 4),
            s.Amount(first + 5), Time(s, first + 6), Time(s, first + 7));
        return new(hold, Crc(s, first + 8));
    }

    /// <param name="first">The column that the row begins in.</param>
    public static UsageRow Usage(IRow s, Func<int, UsageLabels> labels, int first = 0)
    {
        var attribution = Int32(s, first + 2);
        var counts = new UsageCounts(
            s.Int64(first + 12), s.Int64(first + 13), s.Int64(first + 14), s.Int64(first + 15), s.Int64(first + 16), s.TextOrNull(first + 17));
        var usage = new UsageRecord(
            new(s.Guid(first + 1)), labels(attribution), s.Text(first + 3), Int32(s, first + 4), s.TextOrNull(first + 5), s.TextOrNull(first + 6),
            s.TextOrNull(first + 7), s.TextOrNull(first + 8), Time(s, first + 9), Int32(s, first + 10), Int32(s, first + 11), counts,
            (UsageBasis)s.Int64(first + 18), (UsageFlags)s.Int64(first + 19));
        return new(
            s.Int64(first), usage, attribution, Int32(s, first + 20), s.Amount(first + 21), s.Amount(first + 22),
            (ChargeFlags)s.Int64(first + 23), Time(s, first + 24), Time(s, first + 25), Crc(s, first + 26));
    }

    /// <param name="orgOf">The org of an account number.</param>
    public static PostingRow Posting(IRow s, Func<int, string> orgOf)
    {
        var debit = Int32(s, 2);
        var posting = new Posting(
            s.Int64(0), (PostingKind)s.Int64(1), orgOf(debit), debit, Int32(s, 3), s.Amount(4), s.Int64(5), s.TextOrNull(6),
            s.Int64(7), s.TextOrNull(8), Time(s, 9), Time(s, 10), Flag(s, 11));
        return new(posting, Crc(s, 12));
    }

    public static FindingRow Finding(IRow s) => new(
        s.Int64(0), new(s.Text(1), s.Text(2)), s.Text(3), s.IsNull(4) ? null : new AttemptId(s.Guid(4)), s.Text(5), Time(s, 6), Crc(s, 7));

    public static OutboxRow Outbox(IRow s) => new(s.Int64(0), s.Text(1), s.Text(2), s.Text(3), s.Text(4), Time(s, 5), Crc(s, 6));

    public static ObjectRow Object(IRow s, int first = 0) => new(
        s.Int64(first),
        new(s.Text(first + 1), (ObjectKind)s.Int64(first + 2), s.Text(first + 3), s.Text(first + 4), s.IsNull(first + 5) ? null : new AttemptId(s.Guid(first + 5)),
            s.TextOrNull(first + 6), Flag(s, first + 7), s.Text(first + 8)),
        Time(s, first + 9), Crc(s, first + 10));

    /// <summary>An object with its end, if it has one: <see cref="ObjectColumns"/>, then <see cref="ObjectEndColumns"/>.</summary>
    public static KeptObject Kept(IRow s)
    {
        var row = Object(s);
        return new(row, s.IsNull(11) ? null : new(row, s.Text(11), Time(s, 12), Crc(s, 13)));
    }

    public static LineageEntry Lineage(IRow s) => new(
        s.Int64(0), s.Text(1), s.Text(2), s.Text(5), s.Bytes(6).ToArray(),
        new(s.Text(3), Int32(s, 4), new((LineageKind)s.Int64(7), s.Text(8), Int32(s, 9), s.Text(10), s.Text(11), Time(s, 12)), s.Bytes(13).ToArray()),
        Crc(s, 14));

    public static AuditRow Audit(IRow s) => new(
        s.Int64(0), s.Text(1), new(s.Text(2), s.Text(3), s.Text(4), s.TextOrNull(5), s.TextOrNull(6)), s.Text(7), s.Text(8), s.TextOrNull(9), s.TextOrNull(10), s.Text(11),
        Time(s, 12), Crc(s, 13));

    public static RecordRow Record(IRow s) => new(s.Int64(0), (RecordKind)s.Int64(1), s.Text(2), s.Text(3), s.Text(4), Time(s, 5), Crc(s, 6));

    public static ChainRow Chain(IRow s, byte[] previous) => new(
        s.Int64(0), previous, s.Bytes(1).ToArray(), Time(s, 2),
        new(s.Int64(0), s.Int64(3), s.Int64(4), s.Int64(5), s.Int64(6), s.Int64(7), s.Int64(8), Int32(s, 9), Int32(s, 10), Int32(s, 11), Int32(s, 12), s.Int64(13), s.Int64(14), s.Int64(15), s.Int64(16)));

    public static BudgetWindow Window(IRow s)
    {
        var each = s.Text(2);
        return new(new(Int32(s, 0), Time(s, 1), each.Length == 0 ? null : each), Time(s, 3))
        {
            Posted = s.Amount(4),
            Held = s.Amount(5),
            LastAlertedPercent = Int32(s, 6),
        };
    }

    public static Instant Time(IRow s, int column) => new(s.Int64(column));

    /// <exception cref="StoreCorruptException">The number does not fit where such numbers are given.</exception>
    public static int Int32(IRow s, int column)
    {
        var value = s.Int64(column);
        return value is >= int.MinValue and <= int.MaxValue ? (int)value : throw new StoreCorruptException($"Column {column} holds {value}, which no such row was ever given.");
    }

    /// <exception cref="StoreCorruptException">It is neither yes nor no, so no such row was ever written.</exception>
    private static bool Flag(IRow s, int column) => s.Int64(column) switch
    {
        0 => false,
        1 => true,
        var other => throw new StoreCorruptException($"Column {column} holds {other}, which is neither yes nor no."),
    };

    /// <exception cref="StoreCorruptException">Some of it is there and what always is is not.</exception>
    private static RuntimeLabels? Runtime(IRow s)
    {
        const int first = FirstRuntimeColumn;
        if (!s.IsNull(first + 2)) return new(s.TextOrNull(first), s.TextOrNull(first + 1), Flag(s, first + 2), s.TextOrNull(first + 3), s.TextOrNull(first + 4), s.TextOrNull(first + 5));
        for (var column = first; column < first + RuntimeColumns; column++)
        {
            if (!s.IsNull(column)) throw new StoreCorruptException($"Attribution {s.Int64(0)} is half of a runtime's: column {column} is set and control_plane is not.");
        }

        return null;
    }

    private static uint Crc(IRow s, int column) => unchecked((uint)s.Int64(column));
}
