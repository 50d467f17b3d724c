using Tieout.Core.Ledger;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Follower;

namespace Tieout.Storage.Verification;

/// <summary>Compares the index of ids with the usage rows: a digest for each run, and where it differs, entry by entry.</summary>
/// <param name="runs">From the oldest to the newest.</param>
internal sealed class IdRunsCheck(IReadOnlyList<IdRun> runs)
{
    private readonly RowDigest[] _expected = new RowDigest[runs.Count];
    private int _run;
    private (long Count, long First) _inNoRun;

    /// <param name="org">Number of the org's first account.</param>
    /// <param name="row">Comes after those that were added.</param>
    public void Add(UsageRow row, int org)
    {
        while (_run < runs.Count && runs[_run].Last < row.Seq) _run++;
        if (_run == runs.Count || row.Seq < runs[_run].First)
        {
            _inNoRun = (_inNoRun.Count + 1, _inNoRun.Count == 0 ? row.Seq : _inNoRun.First);
            return;
        }

        foreach (var (kind, id) in UsageIds.Of(row.Usage).All()) _expected[_run] = _expected[_run].With(new IdEntry(IdEntry.KeyOf(org, kind, id), row.Seq));
    }

    /// <param name="derived">Has the index of all rows that were added, and of no other.</param>
    /// <param name="rowsOf">The rows of a run again, with the number of each one's org's first account.</param>
    /// <param name="after">Runs that begin at or before this usage row are left out: its rows are detached.</param>
    /// <returns>What differs, in words; null: nothing does. One for each run.</returns>
    /// <exception cref="StoreCorruptException">A block cannot be read.</exception>
    public IEnumerable<string?> Compare(ILedgerTables derived, Func<IdRun, IEnumerable<(long Seq, int Org, UsageIdHashes Ids)>> rowsOf, long after = 0)
    {
        for (var i = 0; i < runs.Count; i++)
        {
            if (runs[i].First <= after) continue;
            var flaw = OutOfOrder(derived, runs[i], out var digest)
                ?? (digest == _expected[i] && digest.Count == runs[i].Entries ? null : Difference(derived, runs[i], rowsOf(runs[i])));
            yield return flaw is null ? null : $"{IdRunTable.Name}: run of usage {runs[i].First} to {runs[i].Last} {flaw}";
        }

        if (_inNoRun.Count > 0) yield return $"{IdRunTable.Name}: {_inNoRun.Count} usage rows are in no run, the first is usage {_inNoRun.First}";
    }

    private static string? OutOfOrder(ILedgerTables derived, IdRun run, out RowDigest digest)
    {
        (digest, var last) = (default, default(IdEntry));
        foreach (var entry in Entries(derived, run))
        {
            if (entry <= last) return $"lists usage {entry.Seq} out of order";
            (digest, last) = (digest.With(entry), entry);
        }

        return null;
    }

    private static string Difference(ILedgerTables derived, IdRun run, IEnumerable<(long Seq, int Org, UsageIdHashes Ids)> rows)
    {
        var expected = new Dictionary<IdEntry, UsageIdKind>();
        foreach (var (seq, org, ids) in rows)
        {
            foreach (var kind in UsageIds.Kinds)
            {
                if (ids.Of(kind) is { } hash) expected[new(IdEntry.KeyOf(org, hash), seq)] = kind;
            }
        }

        foreach (var entry in Entries(derived, run))
        {
            if (!expected.Remove(entry)) return $"lists usage {entry.Seq} under an id that it does not have";
        }

        return expected.Count == 0
            ? $"has {run.Entries} entries in its list, and others in its blocks"
            : $"does not list usage {expected.First().Key.Seq} under its {IndexReads.Column(expected.First().Value)}; {expected.Count} entries are missing";
    }

    private static IEnumerable<IdEntry> Entries(ILedgerTables derived, IdRun run)
    {
        using var blocks = derived.Select($"SELECT {IndexReads.BlockColumns} FROM {IdBlockTable.Name} b WHERE b.run = ? ORDER BY b.id_key, b.seq", run.Last);
        while (blocks.Step())
        {
            foreach (var entry in IndexReads.Block(blocks).Entries) yield return entry;
        }
    }
}
