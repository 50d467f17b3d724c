using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>One try at one upstream: what its hold, its usage record and its charge have in common (M1).</summary>
/// <param name="number">Its number within the operation, from 1.</param>
/// <param name="trigger">Why it is made.</param>
internal sealed class GatewayAttempt(Caller caller, Target target, string? endUser, ResolvedPrice? price, int number, string? trigger, TimeProvider time)
{
    private readonly long _startedAt = time.GetTimestamp();

    public AttemptId Id { get; } = new(Guid.CreateVersion7());

    public Instant OccurredAt { get; } = Instant.From(time.GetUtcNow());

    public Caller Caller => caller;

    public Target Target => target;

    /// <summary>Of the model that was asked for; null: none is known.</summary>
    public ResolvedPrice? Price => price;

    public Command.PlaceHold Hold(Amount ceiling, TimeSpan lasting) =>
        new(Id, Labels(target.Model), endUser, caller.OperationId, ceiling, OccurredAt + lasting);

    /// <summary>Ends it with what it used, at the price of the model that answered.</summary>
    /// <param name="status">The provider's; 0: none came.</param>
    public Command.Settle Settle(int status, MeteredUsage used)
    {
        var paid = PriceOf(used.Model);
        var priced = used.Basis is UsageBasis.Failed || paid is null ? default : paid.Price(used.Counts);
        var record = new UsageRecord(
            Id, Labels(used.Model ?? target.Model), caller.OperationId, number, caller.Tags.Workflow, caller.Correlation.CorrelationId,
            caller.Correlation.TraceId, endUser, OccurredAt, (int)Math.Min(time.GetElapsedTime(_startedAt).TotalMilliseconds, int.MaxValue), status,
            used.Counts, used.Basis, used.Flags | priced.Flags);
        return new(new(record, paid, priced.ProviderCost, priced.Charge));
    }

    /// <summary>Calls that the provider ran inside this one, each a record of its own at its own model's price, within the same operation.</summary>
    /// <param name="settle">The attempt's own end, whose time and outcome they share.</param>
    public IReadOnlyList<Command> Inside(Command.Settle settle, MeteredUsage used) =>
        [.. used.SubCalls.Select((call, index) => Inside(settle.Usage.Usage, call, index, call.Model ?? used.Model ?? target.Model))];

    private Command.Charge Inside(UsageRecord whole, SubCall call, int index, string model)
    {
        var paid = PriceOf(model);
        var priced = paid is null ? default : paid.Price(call.Counts);
        var record = whole with { Id = DerivedId.Of(whole.Id, index), Labels = Labels(model), Counts = call.Counts, Flags = priced.Flags };
        return new(new(record, paid, priced.ProviderCost, priced.Charge), Fact: true);
    }

    private UsageLabels Labels(string model) =>
        caller.Spender.Labels(target.Upstream.Options.Name, model, caller.Tags.Project, caller.Tags.Feature, trigger);

    private ResolvedPrice? PriceOf(string? answered) =>
        answered is null || string.Equals(answered, target.Model, StringComparison.Ordinal)
            ? price
            : caller.Spender.Prices.Find(target.Upstream, answered, OccurredAt).Price ?? price;
}
