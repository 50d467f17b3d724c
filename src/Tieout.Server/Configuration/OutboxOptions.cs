using Tieout.Storage;

namespace Tieout.Server.Configuration;

/// <summary>How messages of the outbox go to webhook endpoints.</summary>
public sealed record WebhookOptions
{
    /// <summary>Whether an endpoint may be <c>http://</c>. Off: whoever is on the way could read and change what is told.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>Whether an endpoint may lie in a private network, or on this machine. Off: an address given from outside must not reach what only we
    /// can.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>From sending to the end of the answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After so many attempts a delivery is dead. With the pauses below, 16 take ten hours or so.</summary>
    public int AttemptsMax { get; init; } = 16;

    /// <summary>The pause after the first failure; twice as long after each further one, and by chance up to half shorter.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause, also where an endpoint asks for a longer one.</summary>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long to leave an endpoint alone.</summary>
    /// <param name="failures">How often the message has failed, at least 1.</param>
    /// <param name="asked">What the endpoint asked for; null: nothing.</param>
    public TimeSpan PauseAfter(int failures, TimeSpan? asked)
    {
        var own = new Backoff(Backoff, BackoffMax).Pause(failures);
        var pause = asked > own ? asked.Value : own;
        return pause < BackoffMax ? pause : BackoffMax;
    }
}

/// <summary>When an alert is raised, as the runbook of falling behind has them.</summary>
public sealed record AlertOptions
{
    /// <summary>Finished spend that waits in the spool: more than this is an alert.</summary>
    public int SpoolAlert { get; init; } = 50;

    /// <summary>More than this is a problem, and told once more as that.</summary>
    public int SpoolProblem { get; init; } = 100;

    /// <summary>Commands that wait for a commit.</summary>
    public int QueueDepth { get; init; } = 100;

    /// <summary>Committed rows that are not counted yet.</summary>
    public int FollowerRows { get; init; } = 1_000_000;

    /// <summary>How old the last write may be while there is something to write.</summary>
    public TimeSpan LastWrite { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How far another book may be off, in per cent of the ledger's ...</summary>
    public decimal DriftPct { get; init; } = 5;

    /// <summary>... and for how long.</summary>
    public TimeSpan DriftFor { get; init; } = TimeSpan.FromMinutes(10);
}
