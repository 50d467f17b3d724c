using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>The way of one request over its route: which upstream is asked next, and after which pause.</summary>
/// <remarks>Nothing here sends or spends. Where a fallback exists nobody waits: another upstream now is better than the same one later.</remarks>
/// <param name="binding">Where the request may go because of what it names.</param>
internal sealed class RoutePlan(Route route, ProviderDialect spoken, UpstreamBinding binding, string operationId, int firstAttemptNo, TimeProvider time)
{
    private const string FallbackTrigger = "fallback";

    private uint[]? _tried;
    private Target? _last;
    private bool _again;
    private int _repeats;
    private int _attempts;

    /// <summary>Why the attempt is made; null: as its client says, for the first.</summary>
    public string? Trigger { get; private set; }

    /// <summary>The next upstream. After one, <see cref="Next"/> again only if <see cref="GoesOn"/>.</summary>
    /// <returns>Null: every one is left alone by its breaker, or has been tried.</returns>
    public Target? Next()
    {
        var next = Untried();
        if (next is null) return null;
        _attempts++;
        Trigger = _last is null ? null : ReferenceEquals(next, _last) || _again ? Tags.RetryTrigger : FallbackTrigger;
        return _last = next;
    }

    /// <summary>The upstream is out of the question, and no attempt was made: it counts for nothing.</summary>
    public void Skip()
    {
        if (--_attempts == 0) _last = null;
    }

    /// <summary>Whether there is another attempt after this reply, and after which pause.</summary>
    public bool GoesOn(Reply reply, out TimeSpan pause)
    {
        pause = TimeSpan.Zero;
        if (_attempts >= route.Retries.AttemptsMax || !reply.MayBeFollowed(route.Retries.On)) return false;
        if (HasUntried()) return true;
        if (!route.Retries.Repeats || reply.Outcome is UpstreamOutcome.CircuitOpen) return false;
        var asked = reply.RetryAfter(time.GetUtcNow());
        if (asked > route.Retries.RetryAfterMax) return false;
        pause = asked ?? route.Retries.PauseBefore(_repeats);
        _repeats++;
        _again = true;
        _tried!.AsSpan().Clear();
        return true;
    }

    /// <summary>How long until the first of its upstreams may be tried again.</summary>
    public TimeSpan OpenFor => route.Stages.SelectMany(stage => stage).Min(target => target.Breaker.OpenFor);

    private Target? Untried()
    {
        _tried ??= new uint[route.Stages.Length];
        for (var stage = 0; stage < route.Stages.Length; stage++)
        {
            var targets = route.Stages[stage].AsSpan();
            var index = targets.Length == 1 ? (IsExcluded(stage, 0) ? -1 : 0) : Draw(stage, targets);
            if (index < 0) continue;
            _tried[stage] |= 1u << index;
            return targets[index];
        }

        return null;
    }

    private int Draw(int stage, ReadOnlySpan<Target> targets)
    {
        Span<Candidate> candidates = stackalloc Candidate[targets.Length];
        for (var i = 0; i < targets.Length; i++) candidates[i] = new(targets[i].Priority, targets[i].Weight, IsExcluded(stage, i));
        return UpstreamSelector.Next(candidates, UpstreamSelector.Number(operationId, firstAttemptNo + _attempts));
    }

    private bool HasUntried()
    {
        for (var stage = 0; stage < route.Stages.Length; stage++)
        {
            for (var i = 0; i < route.Stages[stage].Length; i++)
            {
                if (!IsExcluded(stage, i)) return true;
            }
        }

        return false;
    }

    private bool IsExcluded(int stage, int index)
    {
        var target = route.Stages[stage][index];
        return (_tried![stage] & (1u << index)) != 0 || target.Breaker.IsOpen || target.Upstream.Options.Dialect != spoken || !binding.Allows(target.Upstream);
    }
}
