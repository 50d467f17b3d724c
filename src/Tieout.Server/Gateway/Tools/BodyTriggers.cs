using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Tools;

/// <summary>Why a request is made, as its body says where its caller does not: the request is a retry of a tool that failed, or has the body of an earlier
/// one.</summary>
/// <remarks>Mitigations of triggers must know before they decide. But a request that they refuse is not made, so nothing of it is remembered.</remarks>
internal sealed class BodyTriggers(ToolCallLog toolCalls, RecentBodies recent)
{
    /// <summary>The trigger of a request that may yet be refused. Remembers nothing.</summary>
    public string? Peek(Dialects.Endpoint endpoint, GatewayCaller caller, RequestBody body, Routes routes)
    {
        if (caller.Tags.Trigger is { } given) return given;
        if (endpoint.HasToolResults && ToolCallLog.IsRetry(body.Memory)) return ToolCallLog.RetryTrigger;
        return routes.Options.Gateway.RecomputeWindow is { } window && recent.Has(caller.Spender.Key.Id, body.Span, window) ? RecentBodies.Trigger : null;
    }

    /// <summary>Sees a request that goes on: records the calls whose results it brings, and remembers its body.</summary>
    public GatewayCaller See(Dialects.Endpoint endpoint, GatewayCaller caller, RequestBody body, Routes routes)
    {
        if (endpoint.HasToolResults) caller = toolCalls.See(caller, body.Memory);
        if (routes.Options.Gateway.RecomputeWindow is not { } window || !recent.Repeats(caller.Spender.Key.Id, body.Span, window)) return caller;
        return caller.Tags.Trigger is null ? caller with { Tags = caller.Tags with { Trigger = RecentBodies.Trigger } } : caller;
    }
}
