using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>One attempt at one upstream: the facts that its hold, its usage record and its charge share (M1).</summary>
internal sealed class GatewayAttempt
{
    private readonly TimeProvider _time;
    private readonly long _startedAt;

    /// <param name="number">Number of the attempt within its operation, from 1.</param>
    /// <param name="trigger">Why the attempt is made; null: its client gives no reason.</param>
    public GatewayAttempt(GatewayCall call, Target target, in Estimate estimate, int number, string? trigger, TimeProvider time)
    {
        var caller = call.Caller;
        (Caller, Target, _time, _startedAt) = (caller, target, time, time.GetTimestamp());
        Record = new(
            new(Guid.CreateVersion7()), caller.OperationId, number, caller.Tags.Workflow, caller.Correlation.CorrelationId, caller.Correlation.TraceId,
            caller.EndUser(call.Request.User), target.Model, estimate.Price, estimate.Prices, new(caller, target.Upstream, trigger))
        {
            Flags = (call.Route.IsSubstitute(target) ? UsageFlags.ModelReplaced : UsageFlags.None)
                | (call.IsTruncated ? UsageFlags.ContextTruncated : UsageFlags.None),
        };
    }

    public AttemptId Id => Record.Id;

    public Instant OccurredAt => Record.OccurredAt;

    public GatewayCaller Caller { get; }

    public Target Target { get; }

    public AttemptRecord Record { get; }

    /// <summary>Price of the model that was asked for; null: none is known.</summary>
    public ResolvedPrice? Price => Record.Price;

    /// <summary>The last amount asked for as a hold; zero before the first.</summary>
    public Amount Held { get; private set; }

    public Command.PlaceHold Hold(Amount ceiling, TimeSpan lasting)
    {
        Held = ceiling;
        return new(Id, Record.Labels.Of(Target.Model), Record.EndUser, Caller.OperationId, ceiling, lasting);
    }

    /// <summary>The attempt as a step of its envelope: which key makes it, and where it goes.</summary>
    public LineageStep Step => new(
        LineageKind.Attempt, Id.ToString(), Record.AttemptNo, Caller.Spender.Key.Id, $"{Target.Upstream.Options.Name}/{Target.Model}", OccurredAt);

    /// <inheritdoc cref="AttemptRecord.Settle"/>
    public Command.Settle Settle(int status, MeteredUsage used, ClaimLimit limit) => Record.Settle(status, used, _time.GetElapsedTime(_startedAt), Held, limit);
}
