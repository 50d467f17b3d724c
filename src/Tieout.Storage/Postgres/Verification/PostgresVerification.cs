using Npgsql;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Storage.Detaching;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Verification;

/// <summary>Proves a database right or names what is wrong in it: everything recomputed from usage and postings alone, as many buckets at once as there are
/// processors.</summary>
public static class PostgresVerification
{
    /// <summary>Only reads. A ledger that is in use may be verified too: of each bucket, one moment's state is looked at, and no snapshot is held
    /// for longer than one bucket takes.</summary>
    /// <exception cref="ArgumentException">It is not the address of a store.</exception>
    /// <exception cref="StoreUnavailableException">There is no ledger there, or it cannot be read.</exception>
    /// <param name="secret">With it the links of lineages are checked, too; null: their numbers and texts only.</param>
    /// <param name="head">With it the store is checked for a rollback; null: it is not.</param>
    public static async Task<VerificationReport> RunAsync(
        string store, EnvelopeSecret? secret = null, SignedHead? head = null, IProgress<RowProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var findings = new Findings(Findings.Ledger);
        await PostgresSchemaCheck.RunAsync(store, findings, cancellationToken);
        using var connections = new PostgresConnections(store);
        if (head is not null) await CheckHeadAsync(connections, head, findings);
        KeyRing? keys = null;
        var (heads, isUpgraded) = await connections.ReadAsync(tables =>
        {
            var heads = Heads(tables);

            // The platform's own settings are in the last bucket.
            tables.Show(heads[^1].Bucket);
            Guarded(findings, heads[^1].Bucket, () => keys = LineageCheck.Keys(tables, secret));
            return (heads, IsUpgraded(tables));
        });
        var rows = new VerifiedRows(progress, heads.Select(head => head.Head.Chain.Last));
        var found = new Findings[heads.Count];
        await Parallel.ForAsync(0, heads.Count, Limits(cancellationToken), async (at, _) =>
            found[at] = await connections.ReadAsync(tables => Check(tables, heads[at].Bucket, keys, isUpgraded, rows.OfChain())));
        foreach (var bucket in found) findings.Add(bucket);
        return findings.Report;
    }

    private static ParallelOptions Limits(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };

    private static Findings Check(PostgresTables tables, int bucket, KeyRing? keys, bool isUpgraded, ChainProgress rows)
    {
        var findings = new Findings(Findings.Ledger);
        tables.Show(bucket);
        Guarded(findings, bucket, () => Check(tables, Head(tables), keys, findings, bucket, isUpgraded, rows));
        return findings;
    }

    private static async Task CheckHeadAsync(PostgresConnections connections, SignedHead head, Findings findings)
    {
        findings.Checked(HeadCheck.Id, head.Buckets.Count);
        foreach (var contradiction in await HeadCheck.ContradictionsAsync(head, HashOf)) findings.Broken(HeadCheck.Id, contradiction);

        Task<byte[]?> HashOf(int bucket, long commit) => connections.RunAsync(async connection =>
        {
            await using var command = new NpgsqlCommand("SELECT hash FROM chain WHERE bucket = $1 AND commit_no = $2",
                connection)
            { Parameters = { new() { Value = bucket }, new() { Value = commit } } };
            return await command.ExecuteScalarAsync() as byte[];
        });
    }

    /// <summary>Whether the database has all tables of this program; an older one has no tables of the follower.</summary>
    private static bool IsUpgraded(PostgresTables tables)
    {
        using var rows = tables.Select("SELECT coalesce(max(number), 0) FROM schema_version");
        return rows.Step() && rows.Int64(0) >= PostgresSchema.Newest;
    }

    private static void Check(PostgresTables tables, Head head, KeyRing? keys, Findings findings, int bucket, bool isUpgraded, ChainProgress rows)
    {
        var standing = new Standing(tables, findings) { Derived = DerivedCheck.Begin(isUpgraded ? tables : null, findings) };
        var detached = tables.Detached;
        if (detached is not null) standing.Derived?.BeginAfter(detached);
        var after = detached is null ? null : DetachedCheck.Begin(tables, detached, standing, findings);
        var last = after ?? new ChainRow(0, [], new byte[32], default, default);
        using (var chain = new ChainCheck(tables, standing, findings, after))
        {
            chain.Run(commit =>
            {
                last = commit;
                rows.EndCommit(commit);
                standing.Derived?.EndCommit(commit, standing);
            });
        }

        findings.Check(
            "L8", (head.Chain.Commit, head.Chain.Last) == (last.Commit, last.Last) && head.Chain.Hash.AsSpan().SequenceEqual(last.Hash),
            $"heads {bucket} says that the chain ends at commit {head.Chain.Commit}; it ends at {last.Commit}.");
        findings.Check("file", standing.FirstOpenHold is not { } open || head.FirstOpenHold <= open,
            $"heads {bucket}: hold {standing.FirstOpenHold} is open and lies before {head.FirstOpenHold}.");
        // Those of usage are found with it, and those of detached rows are hashed.
        var before = after?.Last.Usage ?? 0;
        using (var ids = tables.Select("SELECT count(*) FROM usage_ids WHERE seq > ?", before))
        {
            findings.Check("L8", ids.Step() && ids.Int64(0) == last.Last.Usage - before,
                $"usage_ids: {ids.Int64(0)} ids count for {last.Last.Usage - before} usage records of bucket {bucket}.");
        }

        StandingCheck.Run(tables, standing, findings);
        LineageCheck.Run(tables, keys, findings);
        standing.Finish();
    }

    /// <summary>A damaged bucket is a finding, not a crash.</summary>
    private static void Guarded(Findings findings, int bucket, Action check)
    {
        try
        {
            check();
        }
        catch (Exception unreadable) when (unreadable is not (
            StoreUnavailableException or NpgsqlException or OutOfMemoryException or OperationCanceledException))
        {
            // The rows contradict each other so much that going on makes no sense; which one is wrong is said by L8 and refs.
            findings.Broken("file", $"Bucket {bucket} cannot be followed to its end: {unreadable.Message}");
        }
    }

    private static List<(int Bucket, Head Head)> Heads(PostgresTables tables)
    {
        var heads = new List<(int, Head)>();
        using var rows = tables.Select($"SELECT {Reads.HeadColumns}, bucket FROM heads ORDER BY bucket");
        while (rows.Step()) heads.Add(((int)rows.Int64(RowReadsEnd), Reads.Head(rows)));
        return heads;
    }

    private static Head Head(PostgresTables tables)
    {
        using var rows = tables.Select($"SELECT {Reads.HeadColumns} FROM heads WHERE bucket = ?", tables.Bucket);
        return rows.Step() ? Reads.Head(rows) : throw new StoreCorruptException($"Bucket {tables.Bucket} has no row in heads.");
    }

    private static readonly int RowReadsEnd = Storage.Rows.RowReads.ChainColumnCount + 1;
}
