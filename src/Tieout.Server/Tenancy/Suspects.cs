namespace Tieout.Server.Tenancy;

/// <summary>Remembers who sent wrong credentials, and until when each has to wait. Constant memory; the caller holds the lock.</summary>
/// <param name="free">Wrong credentials before a suspect has to wait.</param>
internal sealed class Suspects(int free)
{
    /// <summary>One wrong credential is forgotten in so long.</summary>
    public static readonly TimeSpan ForgottenIn = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromMinutes(1);

    private const int Slots = 8_192, WaysPerKey = 4;

    /// <summary>So many times the pause doubles. More wrong credentials are not remembered, so that a suspect who stops is forgotten in time.</summary>
    private const int DoublingsMax = 6;

    private readonly SuspectAddress[] _suspects = new SuspectAddress[Slots];

    /// <summary>Counts one wrong credential.</summary>
    /// <returns>Until when the suspect has to wait from now on, in ticks; null: it need not.</returns>
    public long? Count(ulong key, long now)
    {
        ref var suspect = ref Find(key, now);
        if (suspect.Key != key) suspect = new() { Key = key };
        suspect.Wrong = Math.Min(free + DoublingsMax, suspect.Left(now) + 1);
        suspect.At = now;
        var beyond = (int)Math.Round(suspect.Wrong - free);
        if (beyond < 0) return null;
        suspect.Until = now + Math.Min(FirstPause.Ticks << beyond, LongestPause.Ticks);
        return suspect.Until;
    }

    /// <summary>Until when a suspect has to wait, in ticks. Not later than <paramref name="now"/>: it need not.</summary>
    public long Until(ulong key, long now)
    {
        ref var suspect = ref Find(key, now);
        return suspect.Key == key ? suspect.Until : 0;
    }

    /// <summary>The place of a key, or the one to take for it: that with the fewest wrong credentials, so that a flood of new suspects does not push out a
    /// persistent one.</summary>
    private ref SuspectAddress Find(ulong key, long now)
    {
        var start = (int)(key % (Slots / WaysPerKey)) * WaysPerKey;
        var least = start;
        for (var at = start; at < start + WaysPerKey; at++)
        {
            if (_suspects[at].Key == key) return ref _suspects[at];
            if (_suspects[at].Left(now) < _suspects[least].Left(now)) least = at;
        }

        return ref _suspects[least];
    }

    private struct SuspectAddress
    {
        public ulong Key;
        public long At, Until;
        public double Wrong;

        /// <summary>Wrong credentials that are not forgotten yet.</summary>
        public readonly double Left(long now) => Math.Max(0, Wrong - Math.Max(0, (now - At) / (double)ForgottenIn.Ticks));
    }
}
