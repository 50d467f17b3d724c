using Tieout.Core;
using Tieout.Core.Metering;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway;

/// <summary>Refuses calls whose usage a join contract would put aside: before they leave, so nothing is spent that nobody is charged for.</summary>
internal sealed class ContractGate(CurrentContracts contracts)
{
    /// <returns>Null: the call keeps every contract that puts usage aside.</returns>
    public GatewayRefusal? Refuse(GatewayCall call)
    {
        if (contracts.Get().Quarantining.IsEmpty) return null;
        var (caller, target) = (call.Caller, call.Route.Stages[0][0]);
        var labels = new AttemptLabels(caller, target.Upstream, caller.Tags.Trigger).Of(target.Model);
        var usage = new UsageRecord(
            default, labels, caller.OperationId, caller.Tags.AttemptNo, caller.Tags.Workflow, caller.Correlation.CorrelationId, caller.Correlation.TraceId,
            caller.EndUser(call.Request.User), Instant.UnixEpoch, DurationMs: 0, StatusCode: 200, default, UsageBasis.Reported, UsageFlags.None);
        return contracts.Quarantining(usage) is { } broken
            ? new(
                ApiError.ContractViolated,
                $"The call would break the join contract '{broken.Contract.Name}': {ContractWords.Said(broken.Breaches)}. Nothing was sent and nothing is charged.")
            : null;
    }
}
