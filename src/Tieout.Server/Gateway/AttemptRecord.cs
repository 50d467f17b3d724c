using System.Collections.Immutable;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>Facts of an attempt that its records repeat, whoever ends it: the request that made it or, after a restart, the poll that sees it
/// finished.</summary>
/// <param name="Model">The model that was asked for.</param>
/// <param name="Price">Price of that model; null: none is known.</param>
internal sealed record AttemptRecord(
    AttemptId Id, string OperationId, int AttemptNo, string? WorkflowId, string? CorrelationId, string? TraceId, string? EndUser,
    string Model, ResolvedPrice? Price, AttemptPrices Prices, AttemptLabels Labels)
{
    public Upstream Upstream => Prices.Upstream;

    /// <summary>What is odd about the attempt, whatever it used.</summary>
    public UsageFlags Flags { get; init; }

    public Instant OccurredAt => Prices.At;

    /// <summary>Ends the attempt with what it used, at the price of the model that answered. Each call that the provider ran inside it becomes a record of its
    /// own.</summary>
    /// <param name="status">The provider's HTTP status; 0: no answer came.</param>
    /// <param name="held">What was held for the attempt.</param>
    /// <param name="limit">How much of the provider's claim is charged.</param>
    public Command.Settle Settle(int status, MeteredUsage used, TimeSpan lasted, Amount held, ClaimLimit limit)
    {
        var paid = PriceOf(used.Model);
        if (used.IsUnreadable) used = AtCeiling(used, paid, held);
        var priced = used.Basis is UsageBasis.Failed || paid is null ? default : ClaimLimit.Claimed(paid, used.Counts);
        var calls = used.SubCalls.IsDefault ? [] : used.SubCalls;
        var leftOut = calls.Length > limit.SubCallsMax ? UsageFlags.SubCallsLeftOut : UsageFlags.None;
        var record = new UsageRecord(
            Id, Labels.Of(used.Model ?? Model), OperationId, AttemptNo, WorkflowId, CorrelationId, TraceId, EndUser, OccurredAt,
            (int)Math.Clamp(lasted.TotalMilliseconds, 0, int.MaxValue), status, used.Counts, used.Basis, used.Flags | priced.Flags | leftOut | Flags);
        var left = limit.Of(held);
        var whole = Withhold(new(record, paid, priced.ProviderCost, priced.Charge), ref left);
        if (calls.IsEmpty) return new(whole);
        var inside = ImmutableArray.CreateBuilder<PricedUsage>(Math.Min(calls.Length, limit.SubCallsMax));
        foreach (var (index, call) in calls.Take(limit.SubCallsMax)
            .Index()) inside.Add(Withhold(Inside(record, call, index, call.Model ?? used.Model ?? Model), ref left));
        return new(whole) { Inside = inside.ToImmutable() };
    }

    /// <summary>Counts that cost as much as was held, unless the estimate costs more: a client must not make an answer cheaper by hiding its usage.</summary>
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
        return charge == priced.Charge
            ? priced : priced with { Charge = charge, Usage = priced.Usage with { Flags = priced.Usage.Flags | UsageFlags.ClaimWithheld } };
    }

    private PricedUsage Inside(UsageRecord whole, SubCall call, int index, string model)
    {
        var paid = PriceOf(model);
        var priced = paid is null ? default : ClaimLimit.Claimed(paid, call.Counts);
        var record = whole with { Id = DerivedId.Of(whole.Id, index), Labels = Labels.Of(model), Counts = call.Counts, Flags = priced.Flags };
        return new(record, paid, priced.ProviderCost, priced.Charge);
    }

    /// <summary>Lists may not know the name of the model that answered; then the price of the model asked for applies.</summary>
    private ResolvedPrice? PriceOf(string? answered) =>
        answered is null || string.Equals(answered, Model, StringComparison.Ordinal) ? Price : Prices.Of(answered).Price ?? Price;
}
