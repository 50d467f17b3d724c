using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
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
    public Command.Settle Settle(int status, MeteredUsage used, TimeSpan lasted)
    {
        var paid = PriceOf(used.Model);
        var priced = used.Basis is UsageBasis.Failed || paid is null ? default : paid.Price(used.Counts);
        var record = new UsageRecord(
            Id, Labels(used.Model ?? Model), OperationId, AttemptNo, WorkflowId, CorrelationId, TraceId, EndUser, OccurredAt,
            (int)Math.Clamp(lasted.TotalMilliseconds, 0, int.MaxValue), status, used.Counts, used.Basis, used.Flags | priced.Flags);
        return new(new(record, paid, priced.ProviderCost, priced.Charge))
        {
            Inside = used.SubCalls.IsDefaultOrEmpty ? [] : [.. used.SubCalls.Select((call, index) => Inside(record, call, index, call.Model ?? used.Model ?? Model))],
        };
    }

    private PricedUsage Inside(UsageRecord whole, SubCall call, int index, string model)
    {
        var paid = PriceOf(model);
        var priced = paid is null ? default : paid.Price(call.Counts);
        var record = whole with { Id = DerivedId.Of(whole.Id, index), Labels = Labels(model), Counts = call.Counts, Flags = priced.Flags };
        return new(record, paid, priced.ProviderCost, priced.Charge);
    }

    private ResolvedPrice? PriceOf(string? answered) =>
        answered is null || string.Equals(answered, Model, StringComparison.Ordinal)
            ? Price
            : (InBatch ? Prices.FindForBatch(Upstream, answered, OccurredAt) : Prices.Find(Upstream, answered, OccurredAt)).Price ?? Price;
}
