using Tieout.Core.Ledger;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>Single rows of usage and postings by their numbers, for what is looked at in full: asked for by hundreds, since on PostgreSQL every question is a
/// round trip.</summary>
internal sealed class RowLookup(ILedgerTables tables, BookLabels labels)
{
    private readonly Dictionary<long, UsageRow?> _usage = [];
    private readonly Dictionary<long, Posting?> _postings = [];
    private readonly Dictionary<long, bool> _takenBack = [];

    /// <summary>So many at a time are well asked for together.</summary>
    public const int Together = 500;

    /// <summary>Takes these into memory, and lets go of all others.</summary>
    public void Load(IReadOnlyCollection<long> usage, IReadOnlyCollection<long> postings)
    {
        _usage.Clear();
        _postings.Clear();
        _takenBack.Clear();
        Add(usage, postings);
    }

    /// <summary>Null: there is none.</summary>
    public UsageRow? Usage(long seq)
    {
        if (!_usage.ContainsKey(seq)) Add([seq], []);
        return _usage[seq];
    }

    /// <inheritdoc cref="Usage"/>
    public Posting? Posting(long seq)
    {
        if (!_postings.ContainsKey(seq)) Add([], [seq]);
        return _postings[seq];
    }

    /// <summary>Whether a correction has taken a posting back: what was wrong with it is repaired then.</summary>
    public bool IsTakenBack(long posting)
    {
        if (!_takenBack.ContainsKey(posting)) Add([], [posting]);
        return _takenBack[posting];
    }

    /// <summary>The charge of a record, found the slow way: for the few that are looked at for another reason than their charge. 0: there is none.</summary>
    public long ChargeOf(long usage)
    {
        using var rows = tables.Select("SELECT seq FROM postings WHERE seq >= ? AND usage_seq = ? AND kind = 3 ORDER BY seq LIMIT 1", usage, usage);
        return rows.Step() ? rows.Int64(0) : 0;
    }

    private void Add(IReadOnlyCollection<long> usage, IReadOnlyCollection<long> postings)
    {
        foreach (var seq in usage) _usage[seq] = null;
        foreach (var seq in postings) (_postings[seq], _takenBack[seq]) = (null, false);
        if (usage.Count > 0)
        {
            using var rows = tables.Select($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.seq IN ({string.Join(',', usage)})");
            while (rows.Step()) _usage[rows.Int64(0)] = RowReads.Usage(rows, no => labels[no]);
        }

        if (postings.Count == 0) return;
        var among = string.Join(',', postings);
        using (var rows = tables.Select($"SELECT {RowReads.PostingColumns} FROM postings p WHERE p.seq IN ({among})"))
        {
            while (rows.Step()) _postings[rows.Int64(0)] = RowReads.Posting(rows, labels.OrgOf).Posting;
        }

        using var reversed = tables.Select($"SELECT reverses FROM postings WHERE kind = 4 AND reverses IN ({among}) AND reverses > 0");
        while (reversed.Step()) _takenBack[reversed.Int64(0)] = true;
    }
}
