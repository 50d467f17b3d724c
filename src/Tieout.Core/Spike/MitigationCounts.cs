namespace Tieout.Core.Spike;

/// <summary>Why a count refuses a request.</summary>
/// <param name="Count">Requests of the period that were admitted.</param>
/// <param name="Limit">The most that the period may have.</param>
/// <param name="Wait">How long until one more is admitted.</param>
public readonly record struct CountRefusal(int Count, int Limit, TimeSpan Wait);

/// <summary>The counts of one mitigation: of a rate limit, or of a retry budget. Each server has its own.</summary>
public sealed class MitigationCounts(Mitigation mitigation)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly MitigationRule _rule = mitigation.Rule;
    private readonly MitigationScope _callers = mitigation.Kind is MitigationKind.RetryBudget ? mitigation.Scope with { Trigger = null } : mitigation.Scope;
    private readonly CallerStates<Pair> _states = new(CallerStates<Pair>.Max, () => new(mitigation));

    /// <summary>Counts a request that the mitigation is about, unless the count is full.</summary>
    /// <param name="now">On a clock that only goes forward; the same for all calls.</param>
    /// <returns>Null: the request is admitted.</returns>
    public CountRefusal? Enter(in MitigatedRequest request, TimeSpan now)
    {
        lock (_lock)
        {
            var state = _states.Of(_callers.CallerOf(request));
            return mitigation.Kind is MitigationKind.RetryBudget ? Retry(state, request, now) : Limit(state.Admitted, _rule.Requests ?? 0, now);
        }
    }

    /// <summary>Takes back what <see cref="Enter"/> counted just now, because something else refused the request.</summary>
    public void TakeBack(in MitigatedRequest request, TimeSpan now)
    {
        lock (_lock)
        {
            var state = _states.Of(_callers.CallerOf(request));
            if (mitigation.Kind is MitigationKind.RetryBudget && !IsRepeated(request)) state.First?.TakeBack(now);
            else state.Admitted.TakeBack(now);
        }
    }

    private CountRefusal? Retry(Pair state, in MitigatedRequest request, TimeSpan now)
    {
        var first = state.First!;
        if (!IsRepeated(request))
        {
            first.Add(now);
            return null;
        }

        var share = (long)first.Count(now) * (_rule.Percent ?? 20) / 100;
        return Limit(state.Admitted, (int)Math.Min(Math.Max(share, _rule.Floor ?? 3), MitigationRule.RequestsMax), now);
    }

    /// <summary>A scope with a trigger limits the work of this trigger, and all other work is the first.</summary>
    private bool IsRepeated(in MitigatedRequest request) =>
        mitigation.Scope.Trigger is { } trigger && trigger != MitigationScope.Each ? request.Trigger == trigger : RepeatedWork.Contains(request.Trigger);

    private static CountRefusal? Limit(SlidingCount admitted, int limit, TimeSpan now)
    {
        var count = admitted.Count(now);
        if (count >= limit) return new(count, limit, limit == 0 ? Minute : admitted.UntilBelow(limit, now));
        admitted.Add(now);
        return null;
    }

    private sealed class Pair(Mitigation mitigation)
    {
        public SlidingCount Admitted { get; } = new(mitigation.Kind is MitigationKind.RetryBudget ? Minute : mitigation.Rule.Period);

        /// <summary>Requests that are done for the first time; null: not counted.</summary>
        public SlidingCount? First { get; } = mitigation.Kind is MitigationKind.RetryBudget ? new(Minute) : null;
    }
}
