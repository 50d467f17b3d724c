using System.Collections.Immutable;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;

namespace Tieout.Server.Gateway;

/// <summary>What of an attempt goes into its records, whoever ends it: the request that made it or, after a restart, whoever asks for its answer.</summary>
/// <param name="Model">The one that was asked for.</param>
/// <param name="Price">Of that model; null: none is known.</param>
/// <param name="Labels">Of the attempt, were it by this model.</param>
internal sealed record AttemptRecord(
    AttemptId Id, string OperationId, int AttemptNo, string? WorkflowId, string? CorrelationId, string? TraceId, string? EndUser, Instant OccurredAt,
    Upstream Upstream, string Model, ResolvedPrice? Price, OrgPrices Prices, Func<string, UsageLabels> Labels)
{
    /// <summary>It is a line of a batch, and costs what batches do.</summary>
    public bool InBatch { get; init; }

    /// <summary>Ends it with what it used, at the price of the model that answered; with it, each as a record of its own, the calls that the provider ran inside it.</summary>
    /// <param name="status">The provider's; 0: none came.</param>
    /// <param name="held">What was held for it.</param>
    /// <param name="limit">How much of the provider's claim is charged.</param>
    public Command.Settle Settle(int status, MeteredUsage used, TimeSpan lasted, Amount held, ClaimLimit limit)
    {
        var paid = PriceOf(used.Model);
        if (used.IsUnreadable) used = AtCeiling(used, paid, held);
        var priced = used.Basis is UsageBasis.Failed || paid is null ? default : ClaimLimit.Claimed(paid, used.Counts);
        var calls = used.SubCalls.IsDefault ? [] : used.SubCalls;
        var leftOut = calls.Length > limit.SubCallsMax ? UsageFlags.SubCallsLeftOut : UsageFlags.None;
        var record = new UsageRecord(
            Id, Labels(used.Model ?? Model), OperationId, AttemptNo, WorkflowId, CorrelationId, TraceId, EndUser, OccurredAt,
            (int)Math.Clamp(lasted.TotalMilliseconds, 0, int.MaxValue), status, used.Counts, used.Basis, used.Flags | priced.Flags | leftOut);
        var left = limit.Of(held);
        var whole = Withhold(new(record, paid, priced.ProviderCost, priced.Charge), ref left);
        if (calls.IsEmpty) return new(whole);
        var inside = ImmutableArray.CreateBuilder<PricedUsage>(Math.Min(calls.Length, limit.SubCallsMax));
        foreach (var (index, call) in calls.Take(limit.SubCallsMax).Index()) inside.Add(Withhold(Inside(record, call, index, call.Model ?? used.Model ?? Model), ref left));
        return new(whole) { Inside = inside.ToImmutable() };
    }

    /// <summary>As much as was held, unless the estimate is more.</summary>
    private static MeteredUsage AtCeiling(MeteredUsage used, ResolvedPrice? paid, Amount held)
    {
        var unreadable = used with { Flags = used.Flags | UsageFlags.UsageUnreadable };
        if (paid is null || ClaimLimit.Claimed(paid, used.Counts).Charge >= held || CeilingCounts.For(paid, held) is not { } counts) return unreadable;
        return unreadable with { Counts = counts };
    }

    /// <summary>Charges no more than is left of the limit for the whole attempt.</summary>
    private static PricedUsage Withhold(PricedUsage priced, ref Amount left)
    {
        var charge = Amount.Min(priced.Charge, left);
        left -= charge;
        return charge == priced.Charge ? priced : priced with { Charge = charge, Usage = priced.Usage with { Flags = priced.Usage.Flags | UsageFlags.ClaimWithheld } };
    }

    private PricedUsage Inside(UsageRecord whole, SubCall call, int index, string model)
    {
        var paid = PriceOf(model);
        var priced = paid is null ? default : ClaimLimit.Claimed(paid, call.Counts);
        var record = whole with { Id = DerivedId.Of(whole.Id, index), Labels = Labels(model), Counts = call.Counts, Flags = priced.Flags };
        return new(record, paid, priced.ProviderCost, priced.Charge);
    }

    private ResolvedPrice? PriceOf(string? answered) =>
        answered is null || string.Equals(answered, Model, StringComparison.Ordinal)
            ? Price
            : (InBatch ? Prices.FindForBatch(Upstream, answered, OccurredAt) : Prices.Find(Upstream, answered, OccurredAt)).Price ?? Price;
}
