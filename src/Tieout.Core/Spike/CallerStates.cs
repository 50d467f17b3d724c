namespace Tieout.Core.Spike;

/// <summary>A state for each caller, of the callers seen last. Not thread-safe: its owner locks.</summary>
/// <remarks>Clients name end users freely, so the number of callers is bounded: a new caller takes the place of the one that was seen longest ago.</remarks>
/// <param name="max">The most callers that have a state.</param>
/// <param name="make">The state of a caller that was not seen.</param>
public sealed class CallerStates<TState>(int max, Func<TState> make)
    where TState : class
{
    /// <summary>Callers of one mitigation. Their counts take some 25 MB at most.</summary>
    public const int Max = 65_536;

    private readonly Dictionary<MitigatedCaller, LinkedListNode<(MitigatedCaller Caller, TState State)>> _byCaller = [];
    private readonly LinkedList<(MitigatedCaller Caller, TState State)> _newestFirst = new();

    public int Count => _byCaller.Count;

    /// <summary>The caller's state, or a new one.</summary>
    public TState Of(in MitigatedCaller caller)
    {
        if (_byCaller.TryGetValue(caller, out var known))
        {
            if (ReferenceEquals(known, _newestFirst.First)) return known.Value.State;
            _newestFirst.Remove(known);
            _newestFirst.AddFirst(known);
            return known.Value.State;
        }

        if (_byCaller.Count >= max && _newestFirst.Last is { } oldest)
        {
            _byCaller.Remove(oldest.Value.Caller);
            _newestFirst.RemoveLast();
        }

        var state = make();
        _byCaller[caller] = _newestFirst.AddFirst((caller, state));
        return state;
    }
}
