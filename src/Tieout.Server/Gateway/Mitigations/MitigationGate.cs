using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Spike;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>What the counting mitigations decide about a request.</summary>
/// <param name="By">The mitigation that ends the request; null: the request goes on.</param>
/// <param name="Refused">Null: an answer in the model's place.</param>
/// <param name="Wait">How long until a request could go on.</param>
/// <param name="Stopped">The tool that an answer in the model's place is about.</param>
internal readonly record struct MitigationEnd(Mitigation? By, GatewayRefusal? Refused = null, TimeSpan Wait = default, ToolRun Stopped = default)
{
    public bool IsEnd => By is not null;
}

/// <summary>Step 2, the part that counts: rate limits, retry budgets, breakers of tools, and requests that newer ones replace.</summary>
/// <remarks>Each server counts for itself; a cost cap, which must be exact over all servers, is a budget of the ledger.</remarks>
internal sealed class MitigationGate(TimeProvider time)
{
    private readonly long _startedAt = time.GetTimestamp();

    /// <summary>Counts a request; answers it, if a mitigation ends it here.</summary>
    /// <returns>Whether the request is answered.</returns>
    public async ValueTask<bool> EndsAsync(
        HttpContext context, Dialects.Endpoint endpoint, GatewayCaller caller, GuardedCall call, ReadOnlyMemory<byte> body)
    {
        var end = Count(call.Mitigations, call.Asked, call.Now);
        if (!end.IsEnd) end = await WaitAsync(call, caller, endpoint, body, context.RequestAborted);
        if (end.By is not { } by) return false;
        if (end.Refused is { } refused)
        {
            MitigationRefusal.StopRetries(context.Response, by, end.Wait);
            await endpoint.Dialect.RefuseAsync(context, refused);
            return true;
        }

        MitigationRefusal.Mark(context.Response, by);
        await SyntheticAnswer.WriteAsync(context, endpoint, call.Request, SyntheticAnswer.Words(by, end.Stopped), time.GetUtcNow());
        return true;
    }

    /// <summary>Counts a request in every count that is about it, or in none.</summary>
    public MitigationEnd Count(ImmutableArray<StandingMitigation> standing, in MitigatedRequest asked, DateTimeOffset now)
    {
        for (var i = 0; i < standing.Length; i++)
        {
            if (standing[i].Counts is not { } counts || !standing[i].AppliesTo(asked, now)) continue;
            if (counts.Enter(asked, Elapsed()) is not { } full) continue;
            for (var j = 0; j < i; j++)
            {
                if (standing[j].AppliesTo(asked, now)) standing[j].Counts?.TakeBack(asked, Elapsed());
            }

            return new(standing[i].Mitigation, MitigationRefusal.Limited(standing[i].Mitigation, full), full.Wait);
        }

        return default;
    }

    /// <summary>Looks at the tools that the conversation has called, and waits where a newer request may replace this one.</summary>
    private async ValueTask<MitigationEnd> WaitAsync(
        GuardedCall call, GatewayCaller caller, Dialects.Endpoint endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var asked = call.Asked;
        foreach (var each in call.Mitigations)
        {
            if (each is { Tools: null, Newest: null } || !each.AppliesTo(asked, call.Now)) continue;
            if (each.Tools is { } tools && ToolTranscript.Read(body, endpoint, call.Request) is { Runs.Count: > 0 } transcript)
            {
                var session = caller.Tags.Workflow ?? transcript.Session;
                if (tools.Stops(asked, session, transcript.Runs, Elapsed()) is { } stopped) return new(each.Mitigation, Stopped: stopped);
            }

            if (each.Newest is { } newest && !await newest.WaitAsync(asked, caller.Tags.Workflow, time, _startedAt, cancellationToken))
            {
                return new(each.Mitigation, MitigationRefusal.Superseded(each.Mitigation), each.Mitigation.Rule.Wait);
            }
        }

        return default;
    }

    private TimeSpan Elapsed() => time.GetElapsedTime(_startedAt);
}
