using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>One try at one upstream: what its hold, its usage record and its charge have in common (M1).</summary>
internal sealed class GatewayAttempt
{
    private readonly TimeProvider _time;
    private readonly long _startedAt;

    /// <param name="number">Its number within the operation, from 1.</param>
    /// <param name="trigger">Why it is made.</param>
    public GatewayAttempt(GatewayCaller caller, Target target, string? endUser, ResolvedPrice? price, int number, string? trigger, TimeProvider time)
    {
        (Caller, Target, _time, _startedAt) = (caller, target, time, time.GetTimestamp());
        Record = new(
            new(Guid.CreateVersion7()), caller.OperationId, number, caller.Tags.Workflow, caller.Correlation.CorrelationId, caller.Correlation.TraceId, endUser,
            Instant.From(time.GetUtcNow()), target.Upstream, target.Model, price, caller.Spender.Prices,
            model => caller.Spender.Labels(target.Upstream.Options.Name, model, caller.Tags.Project, caller.Tags.Feature, trigger));
    }

    public AttemptId Id => Record.Id;

    public Instant OccurredAt => Record.OccurredAt;

    public GatewayCaller Caller { get; }

    public Target Target { get; }

    public AttemptRecord Record { get; }

    /// <summary>Of the model that was asked for; null: none is known.</summary>
    public ResolvedPrice? Price => Record.Price;

    /// <summary>What was last asked to be held for it.</summary>
    public Amount Held { get; private set; }

    public Command.PlaceHold Hold(Amount ceiling, TimeSpan lasting)
    {
        Held = ceiling;
        return new(Id, Record.Labels(Target.Model), Record.EndUser, Caller.OperationId, ceiling, lasting);
    }

    /// <summary>It as a step of its envelope: who carries it out, and where it goes.</summary>
    public LineageStep Step => new(
        LineageKind.Attempt, Id.ToString(), Record.AttemptNo, Caller.Spender.Key.Id, $"{Target.Upstream.Options.Name}/{Target.Model}", OccurredAt);

    /// <inheritdoc cref="AttemptRecord.Settle"/>
    public Command.Settle Settle(int status, MeteredUsage used, ClaimLimit limit) => Record.Settle(status, used, _time.GetElapsedTime(_startedAt), Held, limit);
}
