using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>What a run needs of a usage record, as a value: ten million of them are read, and none is kept.</summary>
internal readonly record struct LeanUsage(
    long Seq, UsageFacts Facts, string? More, UsageBasis Basis, UsageFlags Flags, int Price, Amount Charge, ChargeFlags ChargeFlags, long OccurredAt)
{
    private const string Columns =
        "u.seq, u.attribution, u.end_user, u.status_code, u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.output_tokens, u.reasoning_tokens, u.more, u.basis, u.flags, "
        + "u.price, u.provider_cost, u.charge, u.charge_flags, u.occurred_at";

    public UsageCounts Counts => new(Facts.InputTokens, Facts.CacheReadTokens, Facts.CacheWriteTokens, Facts.OutputTokens, Facts.ReasoningTokens, More);

    public static IRows InOrder(ILedgerTables tables, long after) => tables.Rows(new(Columns, "usage u", "u.seq", after));

    /// <summary>One by its number; null: there is none.</summary>
    public static LeanUsage? Find(ILedgerTables tables, long seq)
    {
        using var rows = tables.Select($"SELECT {Columns} FROM usage u WHERE u.seq = ?", seq);
        return rows.Step() ? Read(rows) : null;
    }

    public static LeanUsage Read(IRow s)
    {
        var status = s.Int64(3);
        return new(
            s.Int64(0),
            new(RowReads.Int32(s, 1), s.TextOrNull(2), status is >= 400 or 0, s.Int64(4), s.Int64(5), s.Int64(6), s.Int64(7), s.Int64(8), s.Amount(13)),
            s.TextOrNull(9), (UsageBasis)s.Int64(10), (UsageFlags)s.Int64(11), RowReads.Int32(s, 12), s.Amount(14), (ChargeFlags)s.Int64(15), s.Int64(16));
    }
}
