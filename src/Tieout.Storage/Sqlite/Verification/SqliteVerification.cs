using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Storage.Detaching;
using Tieout.Storage.Sqlite.Follower;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>Proves a data folder right or names what is wrong in it: everything recomputed from usage and postings alone.</summary>
public static class SqliteVerification
{
    /// <summary>Only reads. A ledger that is in use may be verified too: what is looked at is one commit's state, and no snapshot of the file is held for
    /// longer than a page of rows, or the check of the file's own structure, takes.</summary>
    /// <exception cref="StoreUnavailableException">There is no ledger in the folder, or it cannot be read.</exception>
    /// <param name="secret">With it the links of lineages are checked, too; null: their numbers and texts only.</param>
    /// <param name="head">With it the store is checked for a rollback; null: it is not.</param>
    public static VerificationReport Run(
        string folder, EnvelopeSecret? secret = null, SignedHead? head = null, IProgress<RowProgress>? progress = null) =>
        Run(folder, new(secret, head, progress));

    /// <inheritdoc cref="Run(string, EnvelopeSecret, SignedHead, IProgress{RowProgress})"/>
    internal static VerificationReport Run(string folder, SqliteVerificationRequest request)
    {
        var file = DataFolder.DatabaseIn(folder);
        if (!File.Exists(file)) throw new StoreUnavailableException($"There is no ledger in {folder}.", StoreEffect.None, StoreFault.NotWritable);
        var (findings, structure) = (new Findings(Findings.Ledger), new Findings(Findings.Ledger));
        Guarded(findings, file, () =>
        {
            // What was counted first: the ledger is then not behind it.
            using var counted = Counted(folder);
            var derived = DerivedCheck.Begin(counted is null ? null : new SqliteTables(counted), findings);
            using var connection = RawConnection.Open(file, readOnly: true);
            connection.ReadInt64("SELECT count(*) FROM sqlite_schema");
            var isMapped = request.MayMap && MappedFile.IsReadable(connection);
            var check = new SqliteFileCheck(file, isMapped, request.SmallBytes);
            var checking = Task.Run(() => Guarded(structure, file, () => check.Run(structure)));
            try
            {
                Guarded(findings, file, () => SqliteSchemaCheck.Run(connection, findings));
                Guarded(findings, file, () => CheckRows(new(file, connection, isMapped), request, check, derived, findings));
            }
            finally
            {
                check.Begin(last: null);
                checking.GetAwaiter().GetResult();
            }

            Guarded(structure, file, () => check.End(structure));
        });
        structure.Add(findings);
        return structure.Report;
    }

    /// <summary>A damaged file is a finding, not a crash.</summary>
    private static void Guarded(Findings findings, string file, Action check)
    {
        try
        {
            check();
        }
        catch (StoreCorruptException damaged)
        {
            findings.Broken("file", $"{file} is damaged: {damaged.Message}");
        }
        catch (Exception unreadable) when (unreadable is not (StoreUnavailableException or OutOfMemoryException or OperationCanceledException))
        {
            // The rows contradict each other so much that going on makes no sense; which one is wrong is said by L8 and refs.
            findings.Broken("file", $"{file} cannot be followed to its end: {unreadable.Message}");
        }
    }

    private static void CheckHead(RawConnection connection, SignedHead head, Findings findings)
    {
        findings.Checked(HeadCheck.Id, head.Buckets.Count);
        foreach (var contradiction in HeadCheck.ContradictionsAsync(head, HashOf).GetAwaiter().GetResult()) findings.Broken(HeadCheck.Id, contradiction);

        Task<byte[]?> HashOf(int bucket, long commit)
        {
            using var s = connection.Prepare("SELECT hash FROM chain WHERE commit_no = ?");
            s.Bind(1, commit);
            return Task.FromResult(bucket == 0 && s.Step() ? s.Bytes(0).ToArray() : null);
        }
    }

    /// <summary>What the follower counted, as of one commit until it is disposed of; null: there is no such file, or it cannot be opened.</summary>
    /// <remarks>It holds a snapshot of this file, not of the ledger's: lines and index must be of one commit, and the index is too large to be copied. Only the
    /// follower's own log grows meanwhile.</remarks>
    private static RawConnection? Counted(string folder)
    {
        if (!File.Exists(DerivedFile.In(folder))) return null;
        try
        {
            var connection = RawConnection.Open(DerivedFile.In(folder), readOnly: true);
            connection.Execute("BEGIN");
            connection.ReadInt64("SELECT count(*) FROM sqlite_schema");
            return connection;
        }
        catch (StoreUnavailableException)
        {
            // Reports do without it, too.
            return null;
        }
    }

    private static void CheckRows(
        SqliteFile file, SqliteVerificationRequest request, SqliteFileCheck check, DerivedCheck? derived, Findings findings)
    {
        var connection = file.Connection;
        var schema = Schema.Version(connection);
        findings.Check("file", schema == Schema.Newest,
            $"the file has schema {schema}, this program knows {Schema.Newest}; a newer program reads it, a start of this one brings an older file up to it.");
        var tables = new SqliteAsOf(file.Path, connection, isMapped: file.IsMapped);
        if (request.Head is { } head) Guarded(findings, file.Path, () => CheckHead(connection, head, findings));
        var detached = request.IsWhole ? null : tables.Detached;

        if (detached is not null) derived?.BeginAfter(detached);
        var standing = new Standing(tables, findings) { Derived = derived, Indexes = check.Rows };
        var after = detached is null ? null : DetachedCheck.Begin(tables, detached, standing, findings);
        var checkpoint = connection.ReadInt64("SELECT commit_no FROM checkpoint");
        using (var chain = new ChainCheck(tables, standing, findings, after))
        {
            var end = Chain.At(tables, Chain.Last(tables)).Last;
            check.Begin(end);
            var rows = new VerifiedRows(request.Progress, [end]).OfChain();
            if (checkpoint == (after?.Commit ?? 0)) CheckCheckpoint(connection, tables, standing, findings, after?.Last.Posting ?? 0);
            chain.Run(commit =>
            {
                rows.EndCommit(commit);
                standing.Derived?.EndCommit(commit, standing);
                if (commit.Commit == checkpoint) CheckCheckpoint(connection, tables, standing, findings, commit.Last.Posting);
            });
        }

        LineageCheck.Run(tables, LineageCheck.Keys(tables, request.Secret), findings);
        standing.Finish();
    }

    /// <summary>Accounts, windows and cells in the file against what the rows up to the same commit come to.</summary>
    private static void CheckCheckpoint(RawConnection connection, ILedgerTables tables, Standing standing, Findings findings, long postings)
    {
        var (posting, firstOpenHold) = (connection.ReadInt64("SELECT posting FROM checkpoint"), connection.ReadInt64("SELECT first_open_hold FROM checkpoint"));
        findings.Check("file", posting == postings, $"checkpoint: it holds postings up to {posting}; its commit ends at {postings}.");
        findings.Check("file", standing.FirstOpenHold is not { } open || firstOpenHold <= open,
            $"checkpoint: hold {standing.FirstOpenHold} is open and lies before {firstOpenHold}.");
        StandingCheck.Run(tables, standing, findings);
    }

    /// <param name="IsMapped">See <see cref="MappedFile"/>.</param>
    private readonly record struct SqliteFile(string Path, RawConnection Connection, bool IsMapped);
}

/// <param name="Secret">With it the links of lineages are checked, too; null: their numbers and texts only.</param>
/// <param name="Head">With it the store is checked for a rollback; null: it is not.</param>
/// <param name="IsWhole">Every row is there, also where a record says that rows were detached: the ledger was put together from an archive.</param>
/// <param name="MayMap">False: this process does more than verify, and may not end where a disk fails (<see cref="MappedFile"/>).</param>
/// <param name="SmallBytes">A file up to this size is checked as a whole by SQLite alone.</param>
internal sealed record SqliteVerificationRequest(
    EnvelopeSecret? Secret = null, SignedHead? Head = null, IProgress<RowProgress>? Progress = null, bool IsWhole = false, bool MayMap = true,
    long SmallBytes = 1 << 20);
