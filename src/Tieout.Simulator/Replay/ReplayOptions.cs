using Tieout.Core.Money;

namespace Tieout.Simulator.Replay;

/// <summary>How a trace is sent to a gateway.</summary>
public sealed record ReplayOptions
{
    /// <summary>The gateway's root; requests go to <c>v1/chat/completions</c> below it.</summary>
    public required Uri Server { get; init; }

    /// <summary>Sent as a bearer token, where a request does not bring its own.</summary>
    public required string ApiKey { get; init; }

    /// <summary>Asked for, where a request does not name its own.</summary>
    public required string Model { get; init; }

    /// <summary>1 is the time of the trace, N is N times faster, 0 as fast as the gateway answers.</summary>
    public decimal Speed { get; init; }

    /// <summary>Requests under way at once, at most. Rows that come due while all are busy wait, and are sent late.</summary>
    public int Concurrency { get; init; } = 8;

    /// <summary>Of each hundred requests, how many are streamed; spread evenly. 0 to 100.</summary>
    public int StreamPercent { get; init; }

    /// <summary>Longest wait for the whole of one answer; after it the request counts as failed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Turns a row, the n-th from 0, into what is sent. Default: the row as it is, no tags.</summary>
    public Func<TraceRow, int, ReplayRequest>? Shape { get; init; }

    /// <summary>
    /// Asks for the cost of an operation (its <c>Tieout-Operation</c> id) whose answer came without <c>Tieout-Cost</c>, as
    /// streams do: their cost is known only at their end. Null, or a null answer: counted as cost
    /// unknown; so is what it could not find out, which is for it to turn into null.
    /// </summary>
    public Func<string, CancellationToken, Task<Amount?>>? CostOf { get; init; }

    /// <summary>Called with the figures so far, every <see cref="ProgressEvery"/> and once at the end; never twice at once.</summary>
    public Action<ReplayProgress>? Progress { get; init; }

    public TimeSpan ProgressEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>What is sent for one row.</summary>
/// <param name="Row">Its token counts are asked of the simulated provider; a real one ignores them.</param>
/// <param name="Headers">Tags such as <c>Tieout-Feature</c> and <c>Tieout-User</c>, faults such as <c>X-Sim-Fault</c>.</param>
/// <param name="ApiKey">Instead of the replay's own.</param>
/// <param name="Model">Instead of the replay's own.</param>
public sealed record ReplayRequest(
    TraceRow Row, IReadOnlyList<KeyValuePair<string, string>>? Headers = null, string? ApiKey = null, string? Model = null);

/// <summary>Figures while a replay runs. <see cref="Refused"/> are answers 4xx; <see cref="Failed"/> all that is neither that nor a whole 2xx.</summary>
/// <param name="Cost">Σ of the costs stated so far.</param>
public sealed record ReplayProgress(long Sent, long Ok, long Refused, long Failed, Amount Cost, TimeSpan Elapsed)
{
    /// <summary>Requests that have their outcome, a second, since the start.</summary>
    public decimal RequestsPerSecond =>
        Elapsed <= TimeSpan.Zero ? 0 : Math.Round((Ok + Refused + Failed) * (decimal)TimeSpan.TicksPerSecond / Elapsed.Ticks, 1);
}
