using Tieout.Core.Spike;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>The breakers of one mitigation: one for each session and tool.</summary>
internal sealed class ToolBreakers(Mitigation mitigation)
{
    private readonly Lock _lock = new();
    private readonly CallerStates<Dictionary<string, ToolBreaker>> _sessions = new(
        CallerStates<Dictionary<string, ToolBreaker>>.Max, () => new(StringComparer.Ordinal));

    /// <summary>Tools of one session that have a breaker. Further ones are not stopped.</summary>
    private const int ToolsMax = 64;

    /// <summary>The tool that stops the session; null: the model is asked.</summary>
    /// <param name="session">The workflow, or else what tells the conversation from others.</param>
    public ToolRun? Stops(in MitigatedRequest request, string session, IReadOnlyList<ToolRun> runs, TimeSpan now)
    {
        lock (_lock)
        {
            var breakers = _sessions.Of(new(Feature: null, Team: null, request.Key, Model: null, Trigger: null, request.User, session));
            ToolRun? stopping = null;
            foreach (var run in runs)
            {
                if (mitigation.Rule.Tool is { } only && only != run.Tool) continue;
                if (!breakers.TryGetValue(run.Tool, out var breaker))
                {
                    if (breakers.Count >= ToolsMax || !run.IsFailing) continue;
                    breakers[run.Tool] = breaker = new();
                }

                if (breaker.Stops(mitigation.Rule, run, now)) stopping ??= run;
            }

            return stopping;
        }
    }
}
