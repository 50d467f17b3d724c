using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Tieout.Server.Gateway.Tools;

/// <summary>Remembers for a while which bodies a key has sent, by their hashes, in memory: the same body again is work that is done again.</summary>
/// <remarks>Of a node alone, and gone when it stops: what it misses counts as a primary request.</remarks>
internal sealed class RecentBodies(TimeProvider time)
{
    /// <summary>Why such a request is made.</summary>
    public const string Trigger = "recompute";

    /// <summary>Bodies of one generation; two are remembered, some 10 MB.</summary>
    private const int BodiesMax = 100_000;

    private const ulong First = 0x9E37_79B9_7F4A_7C15, Second = 0xC2B2_AE3D_27D4_EB4F;

    // Nobody can send two bodies that this process takes for one.
    private readonly ulong _seed = unchecked((ulong)Random.Shared.NextInt64());
    private readonly Lock _gate = new();
    private Dictionary<UInt128, long> _bodies = [], _older = [];
    private long _since;

    /// <summary>Whether the key has sent a body within the window. Remembers nothing.</summary>
    public bool Has(string key, ReadOnlySpan<byte> body, TimeSpan window)
    {
        if (window <= TimeSpan.Zero) return false;
        var hash = Hash(key, body);
        lock (_gate)
        {
            return (_bodies.TryGetValue(hash, out var at) || _older.TryGetValue(hash, out at)) && time.GetElapsedTime(at) <= window;
        }
    }

    /// <summary>Sees a body.</summary>
    /// <param name="window">How long a body is remembered after it was seen last.</param>
    /// <returns>Whether the key has sent it within that time.</returns>
    public bool Repeats(string key, ReadOnlySpan<byte> body, TimeSpan window)
    {
        if (window <= TimeSpan.Zero) return false;
        var (hash, now) = (Hash(key, body), time.GetTimestamp());
        lock (_gate)
        {
            if (_bodies.Count >= BodiesMax || (_bodies.Count > 0 && time.GetElapsedTime(_since, now) > window)) (_older, _bodies) = (_bodies, []);
            if (_bodies.Count == 0) _since = now;
            var seen = _bodies.TryGetValue(hash, out var at) || _older.TryGetValue(hash, out at);
            _bodies[hash] = now;
            return seen && time.GetElapsedTime(at, now) <= window;
        }
    }

    private UInt128 Hash(string key, ReadOnlySpan<byte> body)
    {
        unchecked
        {
            var (left, right) = (_seed ^ (ulong)body.Length, _seed + First);
            void Add(ulong word)
            {
                left = (left ^ word) * First;
                left ^= left >> 29;
                right = BitOperations.RotateLeft(right + word * Second, 31) * First;
            }

            foreach (var letter in key) Add(letter);
            var words = MemoryMarshal.Cast<byte, ulong>(body);
            foreach (var word in words) Add(word);
            Span<byte> rest = stackalloc byte[sizeof(ulong)];
            rest.Clear();
            body[(words.Length * sizeof(ulong))..].CopyTo(rest);
            Add(BinaryPrimitives.ReadUInt64LittleEndian(rest));
            return new(left ^ (left >> 32), right ^ (right >> 32));
        }
    }
}
