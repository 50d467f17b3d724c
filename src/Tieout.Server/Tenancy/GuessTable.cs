using System.Net;
using System.Net.Sockets;

namespace Tieout.Server.Tenancy;

/// <summary>Slows down whoever guesses credentials: after some wrong ones, an address and a beginning of a key wait longer and longer. Constant memory.</summary>
/// <remarks>
/// A credential that was accepted from the same address before passes, so a guesser behind a shared address stops nobody who works there already.
/// Every other credential is refused while the pause lasts, right or wrong, so a guess reveals nothing.
/// </remarks>
/// <param name="free">Wrong credentials of one address, or with one beginning, before it has to wait.</param>
internal sealed class GuessTable(int free, TimeProvider time)
{
    /// <summary>One wrong credential is forgotten in so long.</summary>
    public static readonly TimeSpan ForgottenIn = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>The episode of an alert looks back this long, at least.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromMinutes(5);

    /// <summary>The prefix of the form and 8 characters of the secret: 48 of its 256 random bits.</summary>
    private const int BeginningLength = 11;

    private const int Slots = 8_192, WaysPerKey = 4;

    private readonly Lock _gate = new();
    private readonly Suspect[] _suspects = new Suspect[Slots];
    private readonly ulong[] _accepted = new ulong[Slots];
    private long _pausedUntil = long.MinValue, _wrong, _delayed, _recentSlot, _recent, _before;

    public int Free => free;

    /// <summary>Wrong credentials since the start.</summary>
    public long Wrong => Volatile.Read(ref _wrong);

    /// <summary>Requests since the start that were refused unseen, because their address or key had to wait.</summary>
    public long Delayed => Volatile.Read(ref _delayed);

    /// <summary>Wrong credentials and delayed requests of the last <see cref="Recent"/> or a little more.</summary>
    public long RecentCount()
    {
        lock (_gate)
        {
            Advance(time.GetUtcNow());
            return _recent + _before;
        }
    }

    /// <summary>Judges one credential. A right one costs one comparison and one entry while nobody guesses.</summary>
    /// <param name="tokenId">Whose credential it is; null: nobody's.</param>
    /// <returns>How long the caller must wait; null: it need not.</returns>
    public TimeSpan? Judge(IPAddress? address, string secret, string? tokenId)
    {
        var from = KeyOf(address);
        if (tokenId is not null)
        {
            var pair = Key(HashCode.Combine(from, tokenId), string.GetHashCode(tokenId));
            ref var accepted = ref _accepted[pair % Slots];
            if (Volatile.Read(ref accepted) == pair) return null;
            if (Volatile.Read(ref _pausedUntil) == long.MinValue)
            {
                Volatile.Write(ref accepted, pair);
                return null;
            }

            var wait = Wait(from, secret);
            if (wait is null) Volatile.Write(ref accepted, pair);
            return wait;
        }

        return Wait(from, secret) ?? Count(from, secret);
    }

    private TimeSpan? Wait(ulong from, string secret)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (now.UtcTicks >= _pausedUntil)
            {
                _pausedUntil = long.MinValue;
                return null;
            }

            var until = Math.Max(Until(from, now.UtcTicks), BeginningOf(secret) is { } beginning ? Until(beginning, now.UtcTicks) : 0);
            if (until <= now.UtcTicks) return null;
            Advance(now);
            _recent++;
            _delayed++;
            return TimeSpan.FromTicks(until - now.UtcTicks);
        }
    }

    /// <returns>Null: this one is answered; the next may have to wait.</returns>
    private TimeSpan? Count(ulong from, string secret)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            Advance(now);
            _recent++;
            _wrong++;
            Count(from, now);
            if (BeginningOf(secret) is { } beginning) Count(beginning, now);
            return null;
        }
    }

    private void Count(ulong key, DateTimeOffset now)
    {
        ref var suspect = ref Find(key, now.UtcTicks);
        if (suspect.Key != key) suspect = new() { Key = key };
        suspect.Wrong = suspect.Left(now.UtcTicks) + 1;
        suspect.At = now.UtcTicks;
        if (Math.Round(suspect.Wrong) < free) return;
        var pause = FirstPause * Math.Pow(2, Math.Min(16, Math.Round(suspect.Wrong - free)));
        suspect.Until = now.UtcTicks + Math.Min(pause.Ticks, LongestPause.Ticks);
        _pausedUntil = Math.Max(_pausedUntil, suspect.Until);
    }

    private long Until(ulong key, long now)
    {
        ref var suspect = ref Find(key, now);
        return suspect.Key == key ? suspect.Until : 0;
    }

    /// <summary>The place of a key, or the one to take for it: that with the fewest wrong credentials, so that a flood of new addresses does not push out a persistent one.</summary>
    private ref Suspect Find(ulong key, long now)
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

    private void Advance(DateTimeOffset now)
    {
        var slot = now.UtcTicks / Recent.Ticks;
        if (slot == _recentSlot) return;
        (_before, _recent, _recentSlot) = (slot == _recentSlot + 1 ? _recent : 0, 0, slot);
    }

    /// <summary>Of IPv6 the /64 network: one customer has as many addresses as it likes.</summary>
    private static ulong KeyOf(IPAddress? address)
    {
        if (address is null) return 1;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6) length = 8;
        var hash = new HashCode();
        hash.AddBytes(bytes[..length]);
        return Key(hash.ToHashCode(), HashCode.Combine(BitConverter.ToInt64(bytes), length));
    }

    private static ulong? BeginningOf(string secret) =>
        secret.Length < BeginningLength * 2 ? null : Key(string.GetHashCode(secret.AsSpan(0, BeginningLength)), string.GetHashCode(secret.AsSpan(1, BeginningLength - 1)));

    /// <summary>Hashes are seeded anew by each process, so nobody can choose whose place to take.</summary>
    private static ulong Key(int left, int right) => unchecked(((ulong)(uint)left << 32) | (uint)right);

    /// <summary>An address or the beginning of a key that wrong credentials came with.</summary>
    private struct Suspect
    {
        public ulong Key;
        public long At, Until;
        public double Wrong;

        /// <summary>Wrong credentials that are not forgotten yet.</summary>
        public readonly double Left(long now) => Math.Max(0, Wrong - Math.Max(0, (now - At) / (double)ForgottenIn.Ticks));
    }
}
