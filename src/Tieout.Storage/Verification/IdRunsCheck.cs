using Tieout.Core.Ledger;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Follower;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>Compares the index of ids with the usage rows: a digest for each run, and where it differs, entry by entry.</summary>
/// <param name="runs">From the oldest to the newest.</param>
internal sealed class IdRunsCheck(IReadOnlyList<IdRun> runs)
{
    private readonly RowDigest[] _expected = new RowDigest[runs.Count];
    private int _run;
    private (long Count, long First) _inNoRun;

    /// <param name="row">Comes after those that were added.</param>
    /// <param name="endUser">Of <see cref="IdEntry.WideHashOf"/>; null: the row names none.</param>
    /// <param name="org">Number of the org's first account.</param>
    public void Add(UsageRow row, ulong? endUser, int org)
    {
        while (_run < runs.Count && runs[_run].Last < row.Seq) _run++;
        if (_run == runs.Count || row.Seq < runs[_run].First)
        {
            _inNoRun = (_inNoRun.Count + 1, _inNoRun.Count == 0 ? row.Seq : _inNoRun.First);
            return;
        }

        var usage = row.Usage;
        Add(UsageIdKind.Operation, usage.OperationId, row.Seq, org);
        Add(UsageIdKind.Correlation, usage.CorrelationId, row.Seq, org);
        Add(UsageIdKind.Trace, usage.TraceId, row.Seq, org);
        Add(UsageIdKind.Workflow, usage.WorkflowId, row.Seq, org);
        if (endUser is { } user) Add(IdEntry.Upper(user), row.Seq, org);
    }

    private void Add(UsageIdKind kind, string? id, long seq, int org)
    {
        if (id is not null) Add(IdEntry.HashOf(kind, id), seq, org);
    }

    private void Add(uint hash, long seq, int org) => _expected[_run] = _expected[_run].With(new IdEntry(IdEntry.KeyOf(org, hash), seq));

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
        var (sum, last, flaw) = (default(RowDigest), default(IdEntry), null as string);
        using var blocks = Blocks(derived, run);
        while (flaw is null && blocks.Step()) IndexReads.Block(blocks, Take);
        digest = sum;
        return flaw;

        void Take(IdEntry entry)
        {
            if (entry <= last) flaw ??= $"lists usage {entry.Seq} out of order";
            (sum, last) = (sum.With(entry), entry);
        }
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
        using var blocks = Blocks(derived, run);
        while (blocks.Step())
        {
            foreach (var entry in IndexReads.Block(blocks).Entries) yield return entry;
        }
    }

    private static IRows Blocks(ILedgerTables derived, IdRun run) =>
        derived.Select($"SELECT {IndexReads.BlockColumns} FROM {IdBlockTable.Name} b WHERE b.run = ? ORDER BY b.id_key, b.seq", run.Last);
}
