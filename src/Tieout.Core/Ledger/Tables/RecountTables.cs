using Tieout.Core.Ledger.Recounts;

namespace Tieout.Core.Ledger.Tables;

/// <summary>Lines of the recount. They follow from rows, so they are in no chain; a write adds to what is stored.</summary>
public readonly struct RecountTable : IAddedTable<RecountLine>
{
    public static string Name => "recounts";

    public static int KeyColumns => 4;

    public static RecountLine Blank { get; } = new(default);

    public static void Write<TColumns>(ref TColumns to, RecountLine row)
        where TColumns : struct, IColumns
    {
        RecountKeyColumns.Write(ref to, row.Key);
        row.WriteUsage(ref to);
        to.Sum("usage_charge", row.UsageCharge.Nanos);
        to.Long("max_usage_at", row.LastUsageAt);
        to.Long("posting_count", row.Postings);
        to.Sum("charge", row.Charge.Nanos);
        to.Sum("corrections", row.Corrections.Nanos);
        to.Sum("usage_corrections", row.UsageCorrections.Nanos);
        to.Long("min_posting", row.FirstPosting);
        to.Long("max_posting", row.LastPosting);
        to.Long("max_posting_at", row.LastPostingAt);
    }
}

/// <summary>How usage rows ended and were corrected, by traits, labels and the ids they lack. Follows from rows; a write adds to what is stored.</summary>
/// <remarks>Traits come before time in the key, so that the hours of rare ones are found without looking at others.</remarks>
public readonly struct StatusTable : IAddedTable<StatusLine>
{
    public static string Name => "recount_statuses";

    public static int KeyColumns => 6;

    public static StatusLine Blank { get; } = new(default);

    public static void Write<TColumns>(ref TColumns to, StatusLine row)
        where TColumns : struct, IColumns
    {
        var of = row.Key.Of;
        to.Int("org", of.Org);
        to.Int("span", (int)of.Span);
        to.Long("traits", row.Key.Traits.Number);
        to.Long("start_at", of.Start.UnixMicros);
        to.Int("attribution", of.Labels);
        to.Int("absent_ids", (int)row.Key.Absent);
        to.Long("attempts", row.Attempts);
        to.Long("billable", row.Billable);
        to.Sum("charge", row.Charge.Nanos);
        to.Sum("provider_cost", row.ProviderCost.Nanos);
        to.Long("correction_count", row.CorrectionCount);
        to.Sum("corrections", row.Corrections.Nanos);
        to.Long("max_at", row.LastAt);
    }
}

/// <summary>How balances moved, by org and month. Follows from postings; a write adds to what is stored.</summary>
public readonly struct MonthTable : IAddedTable<MonthLine>
{
    public static string Name => "recount_months";

    public static int KeyColumns => 2;

    public static MonthLine Blank { get; } = new(default);

    public static void Write<TColumns>(ref TColumns to, MonthLine row)
        where TColumns : struct, IColumns
    {
        to.Int("org", row.Key.Org);
        to.Long("start_at", row.Key.Start.UnixMicros);
        to.Sum("top_ups", row.TopUps.Nanos);
        to.Sum("grants", row.Grants.Nanos);
        to.Sum("grants_expired", row.GrantsExpired.Nanos);
        to.Sum("charges", row.Charges.Nanos);
        to.Sum("corrections", row.Corrections.Nanos);
        to.Long("posting_count", row.Postings);
        to.Long("max_posting", row.LastPosting);
    }
}

internal static class RecountKeyColumns
{
    public static void Write<TColumns>(ref TColumns to, RecountKey key)
        where TColumns : struct, IColumns
    {
        to.Int("org", key.Org);
        to.Int("span", (int)key.Span);
        to.Long("start_at", key.Start.UnixMicros);
        to.Int("attribution", key.Labels);
    }
}
