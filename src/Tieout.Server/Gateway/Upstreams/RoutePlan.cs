using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>Step 6: plans the attempts of one request over its route: which upstream is next, and after which pause.</summary>
/// <remarks>The plan sends and spends nothing. While an untried upstream exists there is no pause: another upstream now is better than the same one
/// later.</remarks>
/// <param name="binding">Upstreams that have what the request names.</param>
internal sealed class RoutePlan(
    Route route, ProviderDialect spoken, UpstreamBinding binding, string operationId, int firstAttemptNo, TimeProvider time, Func<double> chance)
{
    private const string FallbackTrigger = "fallback";

    private uint[]? _tried;
    private Target? _last;
    private bool _again;
    private int _repeats;
    private int _attempts;
    private bool _withoutSubstitutes;

    /// <summary>Why the attempt is made; null for the first, whose reason is the client's.</summary>
    public string? Trigger { get; private set; }

    /// <summary>The next upstream. After an attempt, call it again only if <see cref="Continues"/>.</summary>
    /// <returns>Null: each upstream was tried, or its circuit is open.</returns>
    public Target? Next()
    {
        var next = Untried();
        if (next is null) return null;
        _attempts++;
        Trigger = _last is null ? null : ReferenceEquals(next, _last) || _again ? Tags.RetryTrigger : FallbackTrigger;
        return _last = next;
    }

    /// <summary>Takes the last upstream out without counting an attempt: none was made.</summary>
    public void Skip()
    {
        if (--_attempts == 0) _last = null;
    }

    /// <summary>Whether another attempt follows this reply, and after which pause.</summary>
    public bool Continues(Reply reply, out TimeSpan pause)
    {
        pause = TimeSpan.Zero;

        // Another model that a mitigation chose must not make a valid request invalid (G2), so this attempt is not one of the configured number.
        if (!_withoutSubstitutes && reply.RefusesRequest && route.IsSubstitute(_last!))
        {
            _withoutSubstitutes = true;
            _attempts--;
            return HasUntried();
        }

        if (_attempts >= route.Retries.AttemptsMax || !reply.AllowsRetry(route.Retries.On)) return false;
        if (HasUntried()) return true;
        if (!route.Retries.Repeats || reply.Outcome is UpstreamOutcome.CircuitOpen) return false;
        var asked = reply.RetryAfter(time.GetUtcNow());
        if (asked > route.Retries.RetryAfterMax) return false;
        pause = asked ?? route.Retries.Pauses.Pause(++_repeats, chance());
        _again = true;
        _tried!.AsSpan().Clear();
        return true;
    }

    /// <summary>How long until the first of the upstreams may be tried again.</summary>
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
        Span<UpstreamCandidate> candidates = stackalloc UpstreamCandidate[targets.Length];
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
        if (_withoutSubstitutes && stage < route.Substitutes) return true;
        return (_tried![stage] & (1u << index)) != 0 || target.Breaker.IsOpen || target.Upstream.Options.Dialect != spoken || !binding.Allows(target.Upstream);
    }
}
