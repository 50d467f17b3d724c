using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>What usage records come to, without what was charged for them.</summary>
public abstract class UsageSums
{
    /// <summary>Usage records.</summary>
    public long Attempts { get; set; }

    public long Failures { get; set; }

    public Int128 InputTokens { get; set; }

    public Int128 CacheReadTokens { get; set; }

    public Int128 CacheWriteTokens { get; set; }

    public Int128 OutputTokens { get; set; }

    public Int128 ReasoningTokens { get; set; }

    public Amount ProviderCost { get; set; }

    /// <summary>Adds one usage record without its charge.</summary>
    public void Count(in UsageFacts usage)
    {
        Attempts++;
        if (usage.Failed) Failures++;
        InputTokens += usage.InputTokens;
        CacheReadTokens += usage.CacheReadTokens;
        CacheWriteTokens += usage.CacheWriteTokens;
        OutputTokens += usage.OutputTokens;
        ReasoningTokens += usage.ReasoningTokens;
        ProviderCost += usage.ProviderCost;
    }

    /// <summary>Adds the usage of other sums.</summary>
    public void AddUsage(UsageSums other)
    {
        Attempts += other.Attempts;
        Failures += other.Failures;
        InputTokens += other.InputTokens;
        CacheReadTokens += other.CacheReadTokens;
        CacheWriteTokens += other.CacheWriteTokens;
        OutputTokens += other.OutputTokens;
        ReasoningTokens += other.ReasoningTokens;
        ProviderCost += other.ProviderCost;
    }

    /// <summary>The columns of these sums, in the order of every table that has them.</summary>
    internal void WriteUsage<TColumns>(ref TColumns to)
        where TColumns : struct, IColumns
    {
        to.Long("attempts", Attempts);
        to.Long("failures", Failures);
        to.Sum("input_tokens", InputTokens);
        to.Sum("cache_read_tokens", CacheReadTokens);
        to.Sum("cache_write_tokens", CacheWriteTokens);
        to.Sum("output_tokens", OutputTokens);
        to.Sum("reasoning_tokens", ReasoningTokens);
        to.Sum("provider_cost", ProviderCost.Nanos);
    }
}
