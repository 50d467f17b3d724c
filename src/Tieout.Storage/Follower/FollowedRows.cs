using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>The rows that are counted, in the order of their numbers: what the follower reads, and what a report reads of the rows after it.</summary>
internal static class FollowedRows
{
    private const string UsageColumns =
        $"u.seq, u.attribution, {Traits}, {Absent}, u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.output_tokens, u.reasoning_tokens, "
        + "u.provider_cost, u.charge, u.occurred_at, u.effective_at, u.recorded_at, u.price, u.more";

    private const int UsageColumnCount = 19;

    private const string Traits = "u.status_code, u.basis, u.flags, u.charge_flags";

    /// <summary>As <see cref="AbsentIds"/>: which ids the row lacks, without reading them.</summary>
    private const string Absent =
        "CASE WHEN u.correlation_id IS NULL THEN 1 ELSE 0 END + CASE WHEN u.trace_id IS NULL THEN 2 ELSE 0 END + "
        + "CASE WHEN u.workflow_id IS NULL THEN 4 ELSE 0 END + CASE WHEN u.end_user IS NULL THEN 8 ELSE 0 END";

    /// <summary>In the order of <see cref="UsageIds.Kinds"/>.</summary>
    private static readonly string IdColumns = string.Join(", ", UsageIds.Kinds.ToArray().Select(kind => $"u.{IndexReads.Column(kind)}"));

    private const string PostingColumns =
        "p.seq, p.kind, p.debit, p.credit, p.amount, coalesce(u.attribution, 0), p.effective_at, p.recorded_at, p.posting_repair, "
        + $"coalesce(u.status_code, 0), coalesce(u.basis, 0), coalesce(u.flags, 0), coalesce(u.charge_flags, 0), {Absent}";

    /// <summary>Usage rows from just after one number up to another.</summary>
    public static void Usage(ILedgerTables ledger, long after, long last, Action<CountedUsage> take)
    {
        if (after >= last) return;
        using var rows = ledger.Select($"SELECT {UsageColumns} FROM usage u WHERE u.seq > ? AND u.seq <= ? ORDER BY u.seq", after, last);
        while (rows.Step()) take(ReadUsage(rows));
    }

    /// <summary>The same with the hash of each id of a row. The ids themselves would be texts for every row that is counted.</summary>
    public static void UsageWithIds(ILedgerTables ledger, long after, long last, Action<CountedUsage, UsageIdHashes> take)
    {
        if (after >= last) return;
        using var rows = ledger.Select($"SELECT {UsageColumns}, {IdColumns} FROM usage u WHERE u.seq > ? AND u.seq <= ? ORDER BY u.seq", after, last);
        while (rows.Step())
        {
            var ids = new UsageIdHashes();
            for (var i = 0; i < UsageIds.Kinds.Length; i++)
            {
                if (!rows.IsNull(UsageColumnCount + i)) ids = ids.With(UsageIds.Kinds[i], rows.Chars(UsageColumnCount + i));
            }

            take(ReadUsage(rows), ids);
        }
    }

    /// <inheritdoc cref="Usage(ILedgerTables, long, long, Action{CountedUsage})"/>
    public static void Postings(ILedgerTables ledger, long after, long last, Action<CountedPosting> take)
    {
        if (after >= last) return;
        using var rows = ledger.Select(
            $"SELECT {PostingColumns} FROM postings p LEFT JOIN usage u ON u.seq = p.usage_seq WHERE p.seq > ? AND p.seq <= ? ORDER BY p.seq", after, last);
        while (rows.Step()) take(ReadPosting(rows));
    }

    private static CountedUsage ReadUsage(IRow row)
    {
        var from = new ColumnReader(row);
        var (seq, labels, traits, absent) = (from.Long(), from.Int(), ReadTraits(ref from), (AbsentIds)from.Int());
        var facts = new UsageFacts(
            labels, EndUser: null, UsageRecord.IsFailure(traits.Status), from.Long(), from.Long(), from.Long(), from.Long(), from.Long(), from.Nanos());
        return new(seq, traits, absent, facts, from.Nanos(), from.Time(), from.Time(), from.Time(), from.Int(), from.OptionalText());
    }

    private static CountedPosting ReadPosting(IRow row)
    {
        var from = new ColumnReader(row);
        return new(from.Long(), (PostingKind)from.Int(), from.Int(), from.Int(), from.Nanos(), from.Int(), from.Time(), from.Time(), from.Flag(),
            ReadTraits(ref from), (AbsentIds)from.Int());
    }

    private static UsageTraits ReadTraits(ref ColumnReader from) => new(from.Int(), (UsageBasis)from.Int(), (UsageFlags)from.Int(), (ChargeFlags)from.Int());
}
