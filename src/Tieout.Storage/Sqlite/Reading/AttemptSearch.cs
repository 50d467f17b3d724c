using Tieout.Core.Ledger;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Everything written about one attempt: one search, as of one commit.</summary>
internal sealed class AttemptSearch(RawConnection connection, string org)
{
    // The commits in which something about the attempt was written.
    private readonly SortedDictionary<long, ChainRow> _commits = [];

    public AttemptRecords Records(Attempt attempt)
    {
        var held = attempt.Hold is { } hold ? CommitOf("last_hold", hold.Seq) : null;
        var ended = attempt.Hold is null ? null : EndOf(attempt.Hold);
        var used = attempt.Usage is { } usage ? CommitOf("last_usage", usage.Seq) : null;
        var postings = used is null ? [] : PostingsOf(attempt.Usage!, used);
        var findings = FindingsOf((attempt.Hold?.Id ?? attempt.Usage!.Usage.Id).Value);
        return new(held, ended, used, postings, findings, Outbox());
    }

    private HoldEnding? EndOf(Hold hold) => new Query("SELECT state, ended_at, commit_no FROM hold_ends").Where("hold = ?", hold.Seq)
        .List(connection, s => new HoldEnding((HoldState)s.Int64(0), RowReads.Time(s, 1), Link(ChainSearch.Commit(connection, s.Int64(2))))).SingleOrDefault();

    /// <summary>The charge lies in its usage's commit; what corrects it leads back to it, and a re-entry can be corrected in its turn.</summary>
    private List<Committed<Posting>> PostingsOf(UsageRow usage, CommitLink used)
    {
        var (before, last) = (ChainSearch.Commit(connection, used.Commit - 1).Last.Posting, _commits[used.Commit].Last.Posting);
        var found = Postings("p.seq > ? AND p.seq <= ? AND p.usage_seq = ?", before, last, usage.Seq);
        for (var i = 0; i < found.Count; i++)
        {
            found.AddRange(
                Postings("p.reverses > 0 AND p.reverses = ?", found[i].Row.Seq).Where(posting => found.TrueForAll(known => known.Row.Seq != posting.Row.Seq)));
        }

        return found;
    }

    private List<Committed<Posting>> Postings(string condition, params ReadOnlySpan<object?> values) =>
        new Query($"SELECT {RowReads.PostingColumns} FROM postings p").Where(condition, values).Then("ORDER BY p.seq").List(connection, s =>
        {
            var posting = RowReads.Posting(s, _ => org).Posting;
            return new Committed<Posting>(posting, CommitOf("last_posting", posting.Seq));
        });

    private List<Committed<FindingRow>> FindingsOf(Guid attempt) =>
        new Query($"SELECT {RowReads.FindingColumns} FROM findings INDEXED BY findings_attempt").Where(
            "attempt IS NOT NULL AND attempt = ? AND org = ?", attempt, org)
            .Then("ORDER BY seq").List(connection, s =>
            {
                var row = RowReads.Finding(s);
                return new Committed<FindingRow>(row, CommitOf("last_finding", row.Seq));
            });

    private List<Committed<OutboxRow>> Outbox() => [.. _commits.Values.SelectMany(commit => new Query($"SELECT {RowReads.OutboxColumns} FROM outbox")
        .Where("seq > ? AND seq <= ? AND org = ?", ChainSearch.Commit(connection, commit.Commit - 1).Last.Outbox, commit.Last.Outbox, org).Then("ORDER BY seq")
        .List(connection, s => new Committed<OutboxRow>(RowReads.Outbox(s), new(commit.Commit, commit.Hash))))];

    private CommitLink CommitOf(string last, long seq) => Link(ChainSearch.CommitOf(connection, last, seq));

    private CommitLink Link(ChainRow commit)
    {
        _commits[commit.Commit] = commit;
        return new(commit.Commit, commit.Hash);
    }
}
