using System.Net;
using System.Net.Sockets;

namespace Tieout.Server.Tenancy;

/// <summary>Slows down whoever guesses credentials, and never one who sends a right credential because of what others sent from the same address.</summary>
/// <remarks>
/// Two things are suspected. An address with one beginning of a credential: while that pair waits, every credential of the pair is refused unseen, right or
/// wrong, so no guess is answered.
/// An address: while it waits, a credential that was looked up and found wrong is refused with the time to wait. Whether a beginning exists is asked nowhere,
/// so no answer tells it.
/// </remarks>
/// <param name="free">Wrong credentials of one address, or of one pair, before it has to wait.</param>
internal sealed class GuessTable(int free, TimeProvider time)
{
    /// <summary>An episode of the alert looks back this long, at least.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromMinutes(5);

    /// <summary>What comes before a secret's random characters, such as <c>tk_</c>, ends with an underscore within so many.</summary>
    private const int PrefixMax = 12;

    /// <summary>Random characters of a beginning: 48 bits of a key's 256.</summary>
    private const int RandomLength = 8;

    /// <summary>Fewer characters than any key, token or admin token has. What is shorter has no beginning.</summary>
    private const int SecretLengthMin = 32;

    private const int FilterSlots = 8_192;

    private readonly Lock _gate = new();
    private readonly Suspects _addresses = new(free), _pairs = new(free);

    /// <summary>Until when some pair of each slot waits: right callers read one slot and take no lock.</summary>
    private readonly long[] _slotPausedUntil = new long[FilterSlots];

    private long _pausedUntil, _wrong, _unseen, _recentSlot, _recent, _before;

    public int Free => free;

    /// <summary>Credentials since the start that nobody has.</summary>
    public long Wrong => Volatile.Read(ref _wrong);

    /// <summary>Credentials since the start that were refused without a look-up.</summary>
    public long Unseen => Volatile.Read(ref _unseen);

    /// <summary>Wrong and unseen credentials of the last <see cref="Recent"/> or a little more.</summary>
    public long RecentCount()
    {
        lock (_gate)
        {
            Advance(time.GetUtcNow().UtcTicks);
            return _recent + _before;
        }
    }

    /// <summary>Whether a credential is refused without a look-up. While no pair waits, this reads one number.</summary>
    /// <returns>How long the pair must wait; null: look the credential up.</returns>
    public TimeSpan? Wait(IPAddress? address, string secret)
    {
        var pausedUntil = Volatile.Read(ref _pausedUntil);
        if (pausedUntil == 0) return null;
        var now = time.GetUtcNow().UtcTicks;
        if (now >= pausedUntil || PairOf(address, secret) is not { } pair || now >= Volatile.Read(ref _slotPausedUntil[pair % FilterSlots])) return null;
        lock (_gate)
        {
            var until = _pairs.Until(pair, now);
            if (until <= now) return null;
            Advance(now);
            _recent++;
            _unseen++;
            return TimeSpan.FromTicks(until - now);
        }
    }

    /// <summary>Counts a wrong credential.</summary>
    /// <param name="guess">The credential; null: it could not have been right and is mistyped rather than guessed, so its beginning does not wait for
    /// it.</param>
    /// <returns>How long the address should wait, if it should have waited already.</returns>
    public TimeSpan? Count(IPAddress? address, string? guess)
    {
        var from = AddressOf(address);
        lock (_gate)
        {
            var now = time.GetUtcNow().UtcTicks;
            Advance(now);
            _recent++;
            _wrong++;
            if (guess is not null && PairOf(address, guess) is { } pair && _pairs.Count(pair, now) is { } pairUntil) Pause(pair, pairUntil);
            var hadToWait = _addresses.Until(from, now) > now;
            return _addresses.Count(from, now) is { } until && hadToWait ? TimeSpan.FromTicks(until - now) : null;
        }
    }

    private void Pause(ulong pair, long until)
    {
        ref var slot = ref _slotPausedUntil[pair % FilterSlots];
        Volatile.Write(ref slot, Math.Max(slot, until));
        Volatile.Write(ref _pausedUntil, Math.Max(_pausedUntil, until));
    }

    private void Advance(long now)
    {
        var slot = now / Recent.Ticks;
        if (slot == _recentSlot) return;
        (_before, _recent, _recentSlot) = (slot == _recentSlot + 1 ? _recent : 0, 0, slot);
    }

    /// <summary>Of IPv6 the /64 network: one customer has as many addresses as it likes.</summary>
    private static ulong AddressOf(IPAddress? address)
    {
        if (address is null) return 1;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6) length = 8;
        bytes[length..].Clear();
        var (high, low) = (BitConverter.ToInt64(bytes), BitConverter.ToInt64(bytes[8..]));
        return Key(HashCode.Combine(high, low, length), HashCode.Combine(length, low, high));
    }

    private static ulong? PairOf(IPAddress? address, string secret)
    {
        if (secret.Length < SecretLengthMin) return null;
        var prefix = secret.AsSpan(0, PrefixMax).LastIndexOf('_') + 1;
        var from = AddressOf(address);
        return Key(HashCode.Combine(from, string.GetHashCode(secret.AsSpan(0, prefix + RandomLength))),
            HashCode.Combine(string.GetHashCode(secret.AsSpan(prefix, RandomLength)), from));
    }

    /// <summary>Hashes are seeded anew by each process, so nobody can choose whose place to take.</summary>
    private static ulong Key(int left, int right) => unchecked(((ulong)(uint)left << 32) | (uint)right);
}
