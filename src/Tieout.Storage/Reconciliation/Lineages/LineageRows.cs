using Tieout.Core;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>The rows of a book that an audit of lineages looks at.</summary>
internal static class LineageRows
{
    private static readonly string StepColumns = TableColumns<LineageTable, LineageEntry>.Of("l");

    private static readonly int StepColumnCount = TableColumns<LineageTable, LineageEntry>.All.Count;

    /// <summary>Every version of every key in the book.</summary>
    public static void AddKeys(ILedgerTables tables, Executors executors)
    {
        using var rows = tables.Select($"SELECT {RowReads.SettingColumns} FROM settings WHERE kind = {(int)SettingKind.Key} ORDER BY seq");
        while (rows.Step())
        {
            var row = RowReads.Setting(rows);
            executors.Add(row.RecordedAt, ApiKey.Parse(row.Body));
        }
    }

    /// <summary>Usage that came through the gateway, of which the lineage of its operation has no step.</summary>
    /// <remarks>Calls within a call have the number and the time of the attempt that they ran in, and no step of their own. An attempt of another org's
    /// operation is a defect of that operation.</remarks>
    public static List<UnlinkedUsage> Unlinked(ILedgerTables tables, string? org, long after, long last)
    {
        const string ofOperation = "FROM lineage l WHERE l.operation_id = u.operation_id";
        using var rows = tables.Select($"""
            SELECT u.seq, u.id, a.org, a.project, a.team, a.key, u.operation_id, u.attempt_no, u.correlation_id, u.charge, u.occurred_at, u.effective_at,
              CASE WHEN EXISTS (SELECT 1 {ofOperation} AND l.org = a.org) THEN 1 ELSE 0 END
            FROM usage u JOIN attributions a ON a.no = u.attribution
            WHERE u.seq > ? AND u.seq <= ? AND a.source = {(int)UsageSource.Gateway} AND u.basis <> {(int)UsageBasis.Imported} {OfOrg("a.org", org)}
              AND NOT EXISTS (SELECT 1 {ofOperation} AND l.kind = {(int)LineageKind.Attempt}
                AND ({tables.IdOfText("l.id")} = u.id OR (l.org = a.org AND l.attempt_no = u.attempt_no AND l.at = u.occurred_at)))
            ORDER BY u.seq
            """, after, last);
        var found = new List<UnlinkedUsage>();
        while (rows.Step())
        {
            found.Add(new(
                rows.Int64(0), new(rows.Guid(1)), rows.Text(2), rows.TextOrNull(3), rows.TextOrNull(4), rows.TextOrNull(5), rows.Text(6),
                RowReads.Int32(rows, 7), rows.TextOrNull(8), new(rows.Int64(9)), RowReads.Time(rows, 10), RowReads.Time(rows, 11), rows.Int64(12) == 1));
        }

        return found;
    }

    /// <summary>The next operations that began after a step, each with all its steps.</summary>
    /// <param name="reached">The last step that was looked at.</param>
    /// <param name="limit">One or more.</param>
    public static List<AuditedOperation> Operations(ILedgerTables tables, string? org, long after, long last, int limit, out long reached)
    {
        using var rows = tables.Select($"""
            SELECT {StepColumns}, u.seq, a.org, a.key, u.charge, h.seq, coalesce(e.state, 0), h.expires_at, b.first
            FROM (SELECT f.seq AS first, f.operation_id AS operation, f.org AS of_org FROM lineage f
              WHERE f.seq > ? AND f.seq <= ? {OfOrg("f.org", org)} AND NOT EXISTS (
                SELECT 1 FROM lineage p WHERE p.operation_id = f.operation_id AND p.org = f.org AND p.seq < f.seq)
              ORDER BY f.seq LIMIT {limit}) b
            JOIN lineage l ON l.operation_id = b.operation AND l.org = b.of_org
            LEFT JOIN usage u ON u.id = {tables.IdOfText("l.id")} LEFT JOIN attributions a ON a.no = u.attribution
            LEFT JOIN holds h ON u.seq IS NULL AND h.id = {tables.IdOfText("l.id")} LEFT JOIN hold_ends e ON e.hold = h.seq
            ORDER BY b.first
            """, after, last);
        var operations = new List<AuditedOperation>();
        var steps = new List<AuditedStep>();
        var current = 0L;
        while (rows.Step())
        {
            var first = rows.Int64(StepColumnCount + 7);
            if (first != current && steps.Count > 0) End();
            current = first;
            var hold = rows.IsNull(StepColumnCount + 4) ? null
                : new StepHold(rows.Int64(StepColumnCount + 4), (HoldState)rows.Int64(StepColumnCount + 5), RowReads.Time(rows, StepColumnCount + 6));
            steps.Add(new(RowReads.Lineage(rows), UsageOf(rows, tables.Bucket), hold));
        }

        if (steps.Count > 0) End();
        reached = operations.Count < limit ? last : current;
        return operations;

        void End()
        {
            steps.Sort((left, right) => left.Entry.Seq.CompareTo(right.Entry.Seq));
            operations.Add(new(steps[0].Entry.Org, steps[0].Entry.OperationId, [.. steps], []));
            steps.Clear();
        }
    }

    /// <summary>Attempts with the ids of some operations, under whatever org of the book.</summary>
    public static List<AuditedStep> Named(ILedgerTables tables, IEnumerable<string> operations)
    {
        using var rows = tables.Select($"""
            SELECT {StepColumns}, u.seq, a.org, a.key, u.charge FROM lineage l
            LEFT JOIN usage u ON u.id = {tables.IdOfText("l.id")} LEFT JOIN attributions a ON a.no = u.attribution
            WHERE l.operation_id IN ({string.Join(", ", operations.Where(Names.IsValid).Select(id => $"'{id}'"))}) AND l.kind = {(int)LineageKind.Attempt}
            """);
        var found = new List<AuditedStep>();
        while (rows.Step()) found.Add(new(RowReads.Lineage(rows), UsageOf(rows, tables.Bucket)));
        return found;
    }

    /// <summary>Usage by its number; null: the book has no such row.</summary>
    public static StepUsage? Usage(ILedgerTables tables, long usage)
    {
        using var rows = tables.Select("SELECT a.org, a.key, u.charge FROM usage u JOIN attributions a ON a.no = u.attribution WHERE u.seq = ?", usage);
        return rows.Step() ? new(usage, rows.Text(0), rows.TextOrNull(1), new(rows.Int64(2)), tables.Bucket) : null;
    }

    /// <summary>The first step of an operation; 0: the book has none.</summary>
    public static long First(ILedgerTables tables, string org, string operation)
    {
        if (!Names.IsValid(operation)) return 0;
        using var rows = tables.Select($"SELECT coalesce(min(seq), 0) FROM lineage WHERE operation_id = '{operation}' {OfOrg("org", org)}");
        return rows.Step() ? rows.Int64(0) : 0;
    }

    /// <summary>Earlier steps of operations that later steps have the id of, under the same org or another.</summary>
    /// <param name="after">The later steps come after this one; the earlier ones do not.</param>
    public static IEnumerable<(SteppedBy Earlier, SteppedBy Later)> Continued(ILedgerTables tables, long after, long last)
    {
        using var rows = tables.Select($"""
            SELECT b.seq, b.org, b.executor, l.org, l.executor FROM lineage l JOIN lineage b ON b.operation_id = l.operation_id
            WHERE l.seq > ? AND l.seq <= ? AND b.seq <= ?
            """, after, last, after);
        while (rows.Step()) yield return (new(rows.Int64(0), rows.Text(1), rows.Text(2)), new(0, rows.Text(3), rows.Text(4)));
    }

    /// <inheritdoc cref="ILineageReader.FirstRowAsync"/>
    public static Instant? FirstFrom(ILedgerTables tables, Instant from)
    {
        var before = Chain.LastBefore(tables, from).Last;
        using var usage = tables.Select("SELECT recorded_at FROM usage WHERE seq > ? ORDER BY seq LIMIT 1", before.Usage);
        using var steps = tables.Select("SELECT at FROM lineage WHERE seq > ? ORDER BY seq LIMIT 1", before.Lineage);
        Instant? recorded = usage.Step() ? RowReads.Time(usage, 0) : null;
        return steps.Step() && RowReads.Time(steps, 0) is var made && !(recorded < made) ? made : recorded;
    }

    /// <summary>Who took steps of which operations.</summary>
    public static IEnumerable<(SteppedBy By, string Operation)> Named(ILedgerTables tables, long after, long last)
    {
        using var rows = tables.Select("SELECT DISTINCT org, executor, operation_id FROM lineage WHERE seq > ? AND seq <= ?", after, last);
        while (rows.Step()) yield return (new(0, rows.Text(0), rows.Text(1)), rows.Text(2));
    }

    private static StepUsage? UsageOf(IRow row, int bucket) => row.IsNull(StepColumnCount) ? null : new(
        row.Int64(StepColumnCount), row.Text(StepColumnCount + 1), row.TextOrNull(StepColumnCount + 2), new(row.Int64(StepColumnCount + 3)), bucket);

    /// <summary>Names have no quotes.</summary>
    private static string OfOrg(string column, string? org) =>
        org is null ? "" : Names.IsValid(org) ? $"AND {column} = '{org}'" : throw new ArgumentException($"'{org}' is no name of an org.", nameof(org));
}

/// <summary>Who took a step.</summary>
/// <param name="Seq">The number of the step; 0: of several.</param>
internal readonly record struct SteppedBy(long Seq, string Org, string Executor);
