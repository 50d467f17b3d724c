using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Follower;

/// <summary>Lines back from what the follower wrote, column by column as the table's declaration lists them.</summary>
internal static class LineReads
{
    public static readonly string LineColumns = TableColumns<RecountTable, RecountLine>.Names;
    public static readonly string StatusColumns = TableColumns<StatusTable, StatusLine>.Names;
    public static readonly string MonthColumns = TableColumns<MonthTable, MonthLine>.Names;

    public static RecountLine Line(IRow row)
    {
        var from = new ColumnReader(row);
        return new(Key(ref from))
        {
            Attempts = from.Long(),
            Failures = from.Long(),
            InputTokens = from.Sum(),
            CacheReadTokens = from.Sum(),
            CacheWriteTokens = from.Sum(),
            OutputTokens = from.Sum(),
            ReasoningTokens = from.Sum(),
            ProviderCost = from.Nanos(),
            UsageCharge = from.Nanos(),
            LastUsageAt = from.Long(),
            Postings = from.Long(),
            Charge = from.Nanos(),
            Corrections = from.Nanos(),
            UsageCorrections = from.Nanos(),
            FirstPosting = from.Long(),
            LastPosting = from.Long(),
            LastPostingAt = from.Long(),
        };
    }

    public static StatusLine Status(IRow row)
    {
        var from = new ColumnReader(row);
        var (org, span, traits) = (from.Int(), (RecountSpan)from.Int(), UsageTraits.OfNumber(from.Long()));
        return new(new(new(org, span, from.Time(), from.Int()), traits, (AbsentIds)from.Int()))
        {
            Attempts = from.Long(),
            Billable = from.Long(),
            Charge = from.Nanos(),
            ProviderCost = from.Nanos(),
            CorrectionCount = from.Long(),
            Corrections = from.Nanos(),
            LastAt = from.Long(),
        };
    }

    public static MonthLine Month(IRow row)
    {
        var from = new ColumnReader(row);
        return new(new(from.Int(), from.Time()))
        {
            TopUps = from.Nanos(),
            Grants = from.Nanos(),
            GrantsExpired = from.Nanos(),
            Charges = from.Nanos(),
            Corrections = from.Nanos(),
            Postings = from.Long(),
            LastPosting = from.Long(),
        };
    }

    private static RecountKey Key(ref ColumnReader from) => new(from.Int(), (RecountSpan)from.Int(), from.Time(), from.Int());
}
