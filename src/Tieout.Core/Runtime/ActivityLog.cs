using System.Collections.Immutable;

namespace Tieout.Core.Runtime;

/// <summary>All that is known to have happened to one instance, and so when it was active: a pure function of the set of events.</summary>
/// <remarks>
/// An instance runs from a start to the next stop. While it runs, every event is a sign of life; with
/// <see cref="RuntimeInstance.HeartbeatSeconds"/> it is active only for so long after each. What comes again or late changes nothing but what is true.
/// </remarks>
public sealed class ActivityLog(RuntimeInstance instance)
{
    private readonly List<ActivityEvent> _events = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    // Where the last question began: the next one begins near it, so that a month is not read again for every interval.
    private State _resume = State.Before(instance);
    private int _resumeAt;

    public RuntimeInstance Instance => instance;

    public IReadOnlyList<ActivityEvent> Events => _events;

    /// <returns>False: it is known already.</returns>
    public bool Add(ActivityEvent happened)
    {
        if (!_ids.Add(happened.Id)) return false;
        var place = ~_events.BinarySearch(happened);
        _events.Insert(place, happened);
        if (place < _resumeAt) (_resume, _resumeAt) = (State.Before(instance), 0);
        return true;
    }

    /// <summary>When components were active, within a range of seconds. Stretches touch only where something changed.</summary>
    public IEnumerable<Stretch> Between(long from, long to)
    {
        if (_resumeAt > 0 && _events[_resumeAt - 1].Second > from) (_resume, _resumeAt) = (State.Before(instance), 0);
        while (_resumeAt < _events.Count && _events[_resumeAt].Second <= from) _resume = _resume.After(_events[_resumeAt++]);

        var state = _resume;
        var (begun, now) = (from, from);
        for (var next = _resumeAt; ; next++)
        {
            var end = Math.Min(next < _events.Count ? _events[next].Second : long.MaxValue, to);
            var alive = Math.Clamp(state.AliveUntil, now, end);
            var after = end < to && next < _events.Count ? state.After(_events[next]) : state;

            // A sign of life that came in time changes nothing, so it does not cut.
            if (end >= to || alive < end || !after.SameAs(state))
            {
                foreach (var stretch in state.Active(begun, alive)) yield return stretch;
                begun = end;
            }

            if (end >= to) yield break;
            (state, now) = (after, end);
        }
    }

    /// <summary>Since when it is not known to be active any more, though nobody stopped it: its last sign of life had run out by
    /// <paramref name="at"/>.</summary>
    /// <returns>A second; null: it is active, stopped, or never started.</returns>
    public long? SilentSince(long at)
    {
        var (state, next) = _resumeAt > 0 && _events[_resumeAt - 1].Second > at ? (State.Before(instance), 0) : (_resume, _resumeAt);
        while (next < _events.Count && _events[next].Second <= at) state = state.After(_events[next++]);
        return state.IsRunning && state.AliveUntil <= at ? state.AliveUntil : null;
    }

    /// <param name="AliveUntil">Until when it is known to be active, in seconds; it may lie in the past.</param>
    private sealed record State(RuntimeInstance Instance, bool IsRunning, long AliveUntil, string? Mode, ImmutableArray<int> Replicas)
    {
        public static State Before(RuntimeInstance instance) =>
            new(instance, IsRunning: false, long.MinValue, instance.OperatingMode, [.. instance.Components.Select(component => component.Replicas)]);

        public State After(ActivityEvent happened)
        {
            var running = happened.Kind switch
            {
                ActivityKind.Start => true,
                ActivityKind.Stop => false,
                _ => IsRunning,
            };
            var alive = !running
                ? long.MinValue : Instance.HeartbeatSeconds is { } bound ? Math.Max(happened.Second + bound, IsRunning ? AliveUntil : 0) : long.MaxValue;
            var mode = happened.Kind is ActivityKind.Start or ActivityKind.ModeChange ? happened.Mode ?? Mode : Mode;
            var replicas = happened.Kind is ActivityKind.Scale && PlaceOf(happened.Component) is >= 0 and var place
                ? Replicas.SetItem(place, happened.Replicas) : Replicas;
            return this with { IsRunning = running, AliveUntil = alive, Mode = mode, Replicas = replicas };
        }

        public bool SameAs(State other) =>
            IsRunning == other.IsRunning && string.Equals(Mode, other.Mode, StringComparison.Ordinal)
                && Replicas.AsSpan().SequenceEqual(other.Replicas.AsSpan());

        public IEnumerable<Stretch> Active(long from, long to)
        {
            if (!IsRunning || to <= from) yield break;
            for (var i = 0; i < Replicas.Length; i++)
            {
                if (Replicas[i] > 0) yield return new(i, from, to, Replicas[i], Mode);
            }
        }

        private int PlaceOf(string? component)
        {
            for (var i = 0; i < Instance.Components.Length; i++)
            {
                if (string.Equals(Instance.Components[i].Name, component, StringComparison.Ordinal)) return i;
            }

            return -1;
        }
    }
}
