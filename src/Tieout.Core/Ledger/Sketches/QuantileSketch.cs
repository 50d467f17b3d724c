using System.Runtime.InteropServices;

namespace Tieout.Core.Ledger.Sketches;

/// <summary>How many attempts had how many tokens, in the buckets of <see cref="TokenBuckets"/>. Its quantiles are exact below 128 tokens and within 1/128
/// (0.79 %) above.</summary>
/// <remarks>Two sketches are merged by adding the counts of their buckets. So the order of counts and the steps that they come in change nothing: the same
/// counts always have the same bytes. Only buckets that have a count take memory. One thread at a time.</remarks>
public sealed class QuantileSketch
{
    /// <summary>Counts that wait until they are sorted into the buckets together.</summary>
    private const int WaitingMax = 256;

    private readonly List<int> _waiting = [];
    private readonly List<(int Bucket, long Count)> _buckets = [];

    /// <summary>Tokens that were added.</summary>
    public long Count { get; private set; }

    /// <summary>Of each bucket how many empty ones come before it and its count, as <see cref="Leb128"/>; nothing for nothing.</summary>
    public byte[] Bytes()
    {
        Sort();
        var bytes = new byte[_buckets.Count * 2 * Leb128.BytesMax];
        var (length, next) = (0, 0);
        foreach (var (bucket, count) in _buckets)
        {
            Leb128.Write((ulong)(bucket - next), bytes, ref length);
            Leb128.Write((ulong)count, bytes, ref length);
            next = bucket + 1;
        }

        return bytes[..length];
    }

    /// <returns>Null: no such bytes are ever written.</returns>
    public static QuantileSketch? Read(ReadOnlySpan<byte> bytes)
    {
        var sketch = new QuantileSketch();
        for (var next = 0; !bytes.IsEmpty;)
        {
            if (Leb128.Read(ref bytes) is not { } empty || Leb128.Read(ref bytes) is not { } count) return null;
            if (empty > (ulong)(TokenBuckets.Last - next) || count is 0 or > long.MaxValue || (long)count > long.MaxValue - sketch.Count) return null;
            sketch._buckets.Add((next + (int)empty, (long)count));
            sketch.Count += (long)count;
            next += (int)empty + 1;
        }

        return sketch;
    }

    /// <param name="tokens">Zero or more.</param>
    public void Add(long tokens)
    {
        _waiting.Add(TokenBuckets.Of(tokens));
        Count++;
        if (_waiting.Count == WaitingMax) Sort();
    }

    public void Add(QuantileSketch other)
    {
        Sort();
        other.Sort();
        Merge(CollectionsMarshal.AsSpan(other._buckets));
        Count += other.Count;
    }

    /// <summary>The count of tokens that so many per cent of the attempts have or stay below: that of the attempt with the rank ⌈percent × attempts / 100⌉, the
    /// attempt with the fewest tokens having the rank 1.</summary>
    /// <param name="percent">1 to 100.</param>
    /// <returns>Null: there are no attempts.</returns>
    public long? Quantile(int percent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(percent, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
        Sort();
        var rank = (Int128)Count * percent;
        Int128 passed = 0;
        foreach (var (bucket, count) in _buckets)
        {
            passed += count;
            if (passed * 100 >= rank) return TokenBuckets.Middle(bucket);
        }

        return null;
    }

    /// <summary>Sorts what waits into the buckets.</summary>
    private void Sort()
    {
        if (_waiting.Count == 0) return;
        _waiting.Sort();
        Span<(int Bucket, long Count)> added = stackalloc (int, long)[WaitingMax];
        var used = 0;
        foreach (var bucket in _waiting)
        {
            if (used > 0 && added[used - 1].Bucket == bucket) added[used - 1].Count++;
            else added[used++] = (bucket, 1);
        }

        _waiting.Clear();
        Merge(added[..used]);
    }

    /// <summary>Adds the counts of other buckets in place, from the last one on: nothing is allocated but the room for new buckets.</summary>
    private void Merge(ReadOnlySpan<(int Bucket, long Count)> added)
    {
        var i = _buckets.Count - 1;
        CollectionsMarshal.SetCount(_buckets, _buckets.Count + New(added));
        var buckets = CollectionsMarshal.AsSpan(_buckets);
        for (var (j, to) = (added.Length - 1, buckets.Length - 1); j >= 0; to--)
        {
            var order = i < 0 ? -1 : buckets[i].Bucket.CompareTo(added[j].Bucket);
            buckets[to] = order > 0 ? buckets[i--] : order < 0 ? added[j--] : (buckets[i].Bucket, buckets[i--].Count + added[j--].Count);
        }
    }

    /// <summary>How many of other buckets have no count here.</summary>
    private int New(ReadOnlySpan<(int Bucket, long Count)> added)
    {
        var (i, found) = (0, added.Length);
        foreach (var (bucket, _) in added)
        {
            while (i < _buckets.Count && _buckets[i].Bucket < bucket) i++;
            if (i < _buckets.Count && _buckets[i].Bucket == bucket) found--;
        }

        return found;
    }
}
