using System.Runtime.InteropServices;
using Tieout.Core;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Follower;

namespace Tieout.Storage.Verification;

/// <summary>Compares the index of usage rows and their corrections by hour, labels and traits with the rows themselves: a digest for each.</summary>
internal sealed class HourRowsCheck
{
    private readonly Dictionary<(Instant Start, int Labels, UsageTraits Traits), RowDigest> _expected = [];

    // The list that the last row of some labels is in: nearly always that of the next.
    private readonly Dictionary<int, (Instant Start, UsageTraits Traits, RowDigest Rows)> _last = [];

    public void Add(in CountedUsage usage) => Add(HourRowsKey.Of(usage), usage.Seq);

    public void Add(in CountedPosting posting)
    {
        if (HourRowsKey.Of(posting) is { } key) Add(key, posting.Seq);
    }

    /// <param name="derived">Has the index of all rows that were added, and of no other.</param>
    /// <returns>What differs, in words; null: nothing does. One for each hour, labels and traits.</returns>
    /// <exception cref="StoreCorruptException">A list cannot be read.</exception>
    public IEnumerable<((Instant Start, int Labels, UsageTraits Traits) Key, string? Flaw)> Compare(ILedgerTables derived)
    {
        foreach (var (labels, last) in _last) Add(_expected, (last.Start, labels, last.Traits), last.Rows);
        _last.Clear();
        var stored = Stored(derived);
        foreach (var (key, digest) in stored)
        {
            yield return (key, !_expected.Remove(key, out var expected) ? "rows, but no row counts there"
                : digest == expected ? null
                : digest.Count != expected.Count ? $"{digest.Count} rows, but {expected.Count} rows count there" : "other rows than those that count there");
        }

        foreach (var (key, digest) in _expected) yield return (key, $"no rows, but {digest.Count} rows count there");
    }

    private static Dictionary<(Instant, int, UsageTraits), RowDigest> Stored(ILedgerTables derived)
    {
        var stored = new Dictionary<(Instant, int, UsageTraits), RowDigest>();
        using var rows = derived.Select($"SELECT {IndexReads.HourColumns} FROM {HourRowsTable.Name}");
        while (rows.Step())
        {
            var (key, numbers) = IndexReads.Hour(rows);
            var list = default(RowDigest);
            foreach (var number in numbers) list = list.With(number);
            Add(stored, (key.Start, key.Labels, key.Traits), list);
        }

        return stored;
    }

    private void Add(HourRowsKey key, long seq)
    {
        ref var last = ref CollectionsMarshal.GetValueRefOrAddDefault(_last, key.Labels, out var isKnown);
        if (!isKnown || last.Start != key.Start || last.Traits != key.Traits)
        {
            if (isKnown) Add(_expected, (last.Start, key.Labels, last.Traits), last.Rows);
            last = (key.Start, key.Traits, default);
        }

        last.Rows = last.Rows.With(seq);
    }

    private static void Add(Dictionary<(Instant, int, UsageTraits), RowDigest> digests, (Instant, int, UsageTraits) key, RowDigest rows)
    {
        ref var digest = ref CollectionsMarshal.GetValueRefOrAddDefault(digests, key, out _);
        digest = digest.With(rows);
    }
}
