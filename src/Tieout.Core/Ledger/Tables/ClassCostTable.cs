using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Pricing;

namespace Tieout.Core.Ledger.Tables;

/// <summary>What usage was charged, by org, hour, labels and class of tokens. Follows from rows and their prices; a write adds to what is stored.</summary>
public readonly struct ClassCostTable : IAddedTable<ClassCosts>
{
    public static string Name => "recount_costs";

    public static int KeyColumns => 3;

    public static ClassCosts Blank { get; } = new(default);

    public static void Write<TColumns>(ref TColumns to, ClassCosts row)
        where TColumns : struct, IColumns
    {
        to.Int("org", row.Key.Org);
        to.Long("start_at", row.Key.Start.UnixMicros);
        to.Int("attribution", row.Key.Labels);
        to.Sum("fresh_cost", row[ChargeClass.Fresh]);
        to.Sum("cache_read_cost", row[ChargeClass.CacheRead]);
        to.Sum("cache_write_cost", row[ChargeClass.CacheWrite]);
        to.Sum("visible_cost", row[ChargeClass.Visible]);
        to.Sum("reasoning_cost", row[ChargeClass.Reasoning]);
        to.Sum("other_cost", row[ChargeClass.Other]);
        to.Sum("unclassed_cost", row.Unclassed);
    }
}
