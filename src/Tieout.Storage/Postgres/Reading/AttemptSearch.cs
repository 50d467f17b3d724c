using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Everything written about one attempt: one search. Nothing that it reads is ever changed, so it needs no transaction.</summary>
internal sealed class AttemptSearch(NpgsqlConnection connection, int bucket, string org)
{
    private readonly SortedDictionary<long, ChainRow> _commits = [];

    public async Task<AttemptRecords> RecordsAsync(Attempt attempt)
    {
        var held = attempt.Hold is { } hold ? await CommitOfAsync("last_hold", hold.Seq, hold.HeldAt) : null;
        var ended = attempt.Hold is null ? null : await EndOfAsync(attempt.Hold);
        var used = attempt.Usage is { } usage ? await CommitOfAsync("last_usage", usage.Seq, usage.RecordedAt) : null;
        var postings = used is null ? [] : await PostingsOfAsync(attempt.Usage!, used);
        List<Committed<FindingRow>> findings = [];
        foreach (var row in await new PgQuery($"SELECT {RowReads.FindingColumns} FROM findings")
            .Where("bucket = ? AND attempt = ? AND org = ?", bucket, (attempt.Hold?.Id ?? attempt.Usage!.Usage.Id).Value, org).Then("ORDER BY seq").ListAsync(
                connection, RowReads.Finding))
        {
            findings.Add(new(row, await CommitOfAsync("last_finding", row.Seq, row.RecordedAt)));
        }

        return new(held, ended, used, postings, findings, await OutboxAsync());
    }

    private async Task<HoldEnding?> EndOfAsync(Hold hold)
    {
        var ends = await new PgQuery("SELECT state, ended_at, commit_no FROM hold_ends").Where("bucket = ? AND hold = ?", bucket, hold.Seq)
            .ListAsync(connection, row => (State: (HoldState)row.Int64(0), At: RowReads.Time(row, 1), Commit: row.Int64(2)));
        return ends.Count == 0 ? null : new(ends[0].State, ends[0].At, Link(await CommitAsync(ends[0].Commit)));
    }

    /// <summary>The charge lies in its usage's commit; what corrects it leads back to it, and a re-entry can be corrected in its turn.</summary>
    private async Task<List<Committed<Posting>>> PostingsOfAsync(UsageRow usage, CommitLink used)
    {
        var (before, last) = ((await CommitAsync(used.Commit - 1)).Last.Posting, _commits[used.Commit].Last.Posting);
        var found = await PostingsAsync(Postings().Where("p.seq > ? AND p.seq <= ? AND p.usage_seq = ?", before, last, usage.Seq));
        for (var i = 0; i < found.Count; i++)
        {
            var more = await PostingsAsync(Postings().Where("p.reverses > 0 AND p.reverses = ?", found[i].Row.Seq));
            found.AddRange(more.Where(posting => found.TrueForAll(known => known.Row.Seq != posting.Row.Seq)));
        }

        return found;
    }

    private PgQuery Postings() => new PgQuery($"SELECT {RowReads.PostingColumns} FROM postings p").Where("p.bucket = ?", bucket);

    private async Task<List<Committed<Posting>>> PostingsAsync(PgQuery query)
    {
        List<Committed<Posting>> found = [];
        foreach (var posting in await query.Then("ORDER BY p.seq").ListAsync(connection, row => RowReads.Posting(row, _ => org).Posting))
        {
            found.Add(new(posting, await CommitOfAsync("last_posting", posting.Seq, posting.RecordedAt)));
        }

        return found;
    }

    private async Task<List<Committed<OutboxRow>>> OutboxAsync()
    {
        List<Committed<OutboxRow>> found = [];
        foreach (var commit in _commits.Values.ToList())
        {
            found.AddRange(await new PgQuery($"SELECT {RowReads.OutboxColumns} FROM outbox")
                .Where("bucket = ? AND seq > ? AND seq <= ? AND org = ?", bucket, (await CommitAsync(commit.Commit - 1)).Last.Outbox, commit.Last.Outbox, org)
                .Then("ORDER BY seq")
                .ListAsync(connection, row => new Committed<OutboxRow>(RowReads.Outbox(row), new(commit.Commit, commit.Hash))));
        }

        return found;
    }

    // A commit is recorded when its rows are, or later: from there on the index of times leads to it.
    private async Task<CommitLink> CommitOfAsync(string last, long seq, Instant recordedAt)
    {
        var found = await new PgQuery($"SELECT {RowReads.ChainColumns} FROM chain").Where(
            $"bucket = ? AND recorded_at >= ? AND {last} >= ?", bucket, recordedAt.UnixMicros, seq)
            .Then("ORDER BY recorded_at, commit_no LIMIT 1").ListAsync(connection, row => RowReads.Chain(row, []));
        return found.Count == 1 ? Link(found[0]) : throw new StoreCorruptException($"No commit of bucket {bucket} has {last} {seq}.");
    }

    private async Task<ChainRow> CommitAsync(long commit)
    {
        if (commit == 0) return new(0, [], [], Instant.UnixEpoch, default);
        var found = await new PgQuery($"SELECT {RowReads.ChainColumns} FROM chain").Where("bucket = ? AND commit_no = ?", bucket, commit).ListAsync(
            connection, row => RowReads.Chain(row, []));
        return found.Count == 1 ? found[0] : throw new StoreCorruptException($"Commit {commit} of bucket {bucket} is missing from the chain.");
    }

    private CommitLink Link(ChainRow commit)
    {
        _commits[commit.Commit] = commit;
        return new(commit.Commit, commit.Hash);
    }
}
