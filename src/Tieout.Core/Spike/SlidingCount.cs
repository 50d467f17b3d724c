namespace Tieout.Core.Spike;

/// <summary>Counts events of the last period, in sixtieths of it. Not thread-safe: its owner locks.</summary>
/// <remarks>The slots reach back a period and up to a sixtieth more, so no period has more events than were admitted.</remarks>
public sealed class SlidingCount(TimeSpan period)
{
    /// <summary>Whole slots of a period, and the one that has begun.</summary>
    private const int Slots = 61;

    private readonly ushort[] _counts = new ushort[Slots];
    private readonly long _ticks = Math.Max(1, (period.Ticks + Slots - 2) / (Slots - 1));
    private long _newest;
    private int _sum;

    /// <summary>Events of the last period.</summary>
    /// <param name="now">On a clock that only goes forward; the same for all calls.</param>
    public int Count(TimeSpan now)
    {
        Advance(now);
        return _sum;
    }

    /// <summary>Counts one event.</summary>
    public void Add(TimeSpan now)
    {
        Advance(now);
        ref var slot = ref _counts[_newest % Slots];
        if (slot == ushort.MaxValue) return;
        slot++;
        _sum++;
    }

    /// <summary>Takes back one event that was counted just now.</summary>
    public void TakeBack(TimeSpan now)
    {
        Advance(now);
        ref var slot = ref _counts[_newest % Slots];
        if (slot == 0) return;
        slot--;
        _sum--;
    }

    /// <summary>How long until fewer than <paramref name="max"/> events are left in the period.</summary>
    public TimeSpan UntilBelow(int max, TimeSpan now)
    {
        Advance(now);
        var left = _sum;
        for (var slot = Math.Max(0, _newest - Slots + 1); slot <= _newest && left >= max; slot++)
        {
            left -= _counts[slot % Slots];
            if (left < max) return TimeSpan.FromTicks(((slot + Slots) * _ticks) - now.Ticks);
        }

        return left < max ? TimeSpan.Zero : period;
    }

    private void Advance(TimeSpan now)
    {
        var slot = Math.Max(now.Ticks / _ticks, _newest);
        if (slot - _newest >= Slots)
        {
            Array.Clear(_counts);
            (_newest, _sum) = (slot, 0);
            return;
        }

        while (_newest < slot)
        {
            ref var reused = ref _counts[++_newest % Slots];
            _sum -= reused;
            reused = 0;
        }
    }
}
