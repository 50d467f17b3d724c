namespace Tieout.Server.Gateway.Limits;

/// <summary>A bucket that fills evenly, up to what a minute brings. Not thread-safe: its owner locks.</summary>
/// <remarks>It may be taken below empty: what an answer really used is known only afterwards, and is paid back by waiting.</remarks>
internal struct Refill
{
    private const decimal TicksPerMinute = TimeSpan.TicksPerMinute;

    private decimal _level;
    private TimeSpan _at;

    /// <summary>A full bucket.</summary>
    /// <param name="now">On any clock that only goes forward; the same for all calls.</param>
    public Refill(decimal perMinute, TimeSpan now) => (_level, _at) = (perMinute, now);

    /// <summary>Brings it up to now and says what is in it.</summary>
    /// <param name="perMinute">May differ from call to call: a share changes as others come and go.</param>
    public decimal Level(decimal perMinute, TimeSpan now)
    {
        if (now > _at)
        {
            // More than a minute fills any bucket that is not in debt, and the product stays in range.
            var passed = Math.Min((now - _at).Ticks, TimeSpan.TicksPerDay);
            _level += perMinute * passed / TicksPerMinute;
            _at = now;
        }

        return _level = Math.Min(_level, perMinute);
    }

    public void Take(decimal count) => _level -= count;

    /// <summary>Takes no more than there is: a share that is used up owes nothing.</summary>
    public void TakeWhatIsThere(decimal count) => _level -= Math.Min(count, Math.Max(_level, 0));

    /// <summary>How long until it has this much.</summary>
    public static TimeSpan Until(decimal wanted, decimal level, decimal perMinute)
    {
        if (level >= wanted) return TimeSpan.Zero;
        var ticks = decimal.Ceiling((wanted - level) * TicksPerMinute / perMinute);
        return ticks > TimeSpan.TicksPerDay ? TimeSpan.FromDays(1) : TimeSpan.FromTicks((long)ticks);
    }
}
