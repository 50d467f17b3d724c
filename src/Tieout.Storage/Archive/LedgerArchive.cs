using Tieout.Core.Tenancy;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Archive;

/// <summary>Writes what was recorded in months that are over into files that prove themselves: every row of every commit, by month and bucket.</summary>
public static class LedgerArchive
{
    /// <summary>Adds what is not in the archive yet. Also while a server uses the ledger, which stays as it is.</summary>
    /// <param name="folder">The data folder of an embedded ledger.</param>
    /// <param name="before">Months before this one, in UTC, by the time at which rows were recorded.</param>
    /// <param name="progress">Rows that are written, of those of all months that are not in the archive yet.</param>
    /// <returns>What was added.</returns>
    /// <exception cref="StoreUnavailableException">The ledger cannot be read.</exception>
    /// <exception cref="StoreCorruptException">The archive is another ledger's, or damaged.</exception>
    public static IReadOnlyList<ArchiveSegment> WriteSqlite(string folder, Month before, string to, IProgress<RowProgress>? progress = null)
    {
        var file = DataFolder.DatabaseIn(folder);
        if (!File.Exists(file)) throw new StoreUnavailableException($"There is no ledger in {folder}.", StoreEffect.None, StoreFault.NotWritable);

        // Rows of months that are over neither change nor come, so each table of a month is read by itself, and no snapshot lasts longer.
        using var connection = RawConnection.Open(file, readOnly: true);
        var added = new List<ArchiveSegment>();
        Add(new SqliteTables(connection), bucket: 0, before, to, added, new(progress));
        return added;
    }

    /// <inheritdoc cref="WriteSqlite"/>
    /// <param name="store">The address of a PostgreSQL store.</param>
    public static async Task<IReadOnlyList<ArchiveSegment>> WritePostgresAsync(
        string store, Month before, string to, CancellationToken cancellationToken, IProgress<RowProgress>? progress = null)
    {
        var (added, rows) = (new List<ArchiveSegment>(), new ArchivedRows(progress));
        await EachBucketAsync(store, (tables, bucket) =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            Add(tables, bucket, before, to, added, rows);
        });
        return added;
    }

    /// <summary>Where the chain of a ledger stands against its archive: <paramref name="compare"/> gets each bucket and how to find a commit's hash.</summary>
    internal static async Task CompareAsync(string? folder, string? store, Action<int, Func<long, string?>> compare)
    {
        if (store is not null)
        {
            await EachBucketAsync(store, (tables, bucket) => compare(bucket, new SegmentWriter(tables, ArchivedRows.Unseen).HashOf));
            return;
        }

        using var connection = RawConnection.Open(DataFolder.DatabaseIn(folder!), readOnly: true);
        compare(0, new SegmentWriter(new SqliteTables(connection), ArchivedRows.Unseen).HashOf);
    }

    private static void Add(ILedgerTables tables, int bucket, Month before, string to, List<ArchiveSegment> added, ArchivedRows progress)
    {
        var writer = new SegmentWriter(tables, progress);
        var manifest = ArchiveManifest.Read(to);
        var last = manifest.Segments.LastOrDefault(segment => segment.Bucket == bucket);
        var (commit, hash) = (last?.LastCommit ?? 0, last?.Hash ?? new string('0', 64));
        if (last is not null && writer.HashOf(commit) != hash)
        {
            throw new StoreCorruptException($"{to} is the archive of another ledger: commit {commit} has another hash there.");
        }

        if (tables.Detached is { } detached && commit < detached.Last.Commit)
        {
            throw new StoreUnavailableException(
                $"{detached.Sentence} {to} ends at commit {commit}: give the archive that has them.", StoreEffect.None, StoreFault.NotWritable);
        }

        if (writer.LastBefore(before.Start(TimeZoneInfo.Utc).UnixMicros) is { } past && past.Commit > commit) progress.Expect(tables, commit, past.Commit);
        while (writer.FirstAfter(commit) is { } recorded)
        {
            var at = DateTimeOffset.UnixEpoch.AddMicroseconds(recorded);
            var month = new Month(at.Year, at.Month);
            if (month.CompareTo(before) >= 0) return;
            var (end, endHash) = writer.LastBefore(month.End(TimeZoneInfo.Utc).UnixMicros)!.Value;
            var file = UnusedName(manifest, $"bucket-{bucket:00}/{month}");
            var (rows, sha256) = writer.Write(Path.Combine(to, file), commit, end);
            var segment = new ArchiveSegment(bucket, month.ToString(), file, commit + 1, end, hash, endHash, rows, sha256);
            manifest = manifest with { Segments = [.. manifest.Segments, segment] };
            manifest.Write(to);
            added.Add(segment);
            (commit, hash) = (end, endHash);
        }
    }

    /// <summary>A month that was archived before it was over goes on in a file of its own: the file of its first part stays as it is.</summary>
    private static string UnusedName(ArchiveManifest manifest, string name)
    {
        var used = manifest.Segments.Select(segment => segment.File).ToHashSet(StringComparer.Ordinal);
        var file = $"{name}.jsonl.gz";
        for (var part = 2; used.Contains(file); part++) file = $"{name}.part-{part}.jsonl.gz";
        return file;
    }

    internal static async Task EachBucketAsync(string store, Action<ILedgerTables, int> use)
    {
        using var connections = new PostgresConnections(store);
        await connections.ReadAsync(tables =>
        {
            var buckets = new List<int>();
            using (var rows = tables.Select("SELECT bucket FROM heads ORDER BY bucket"))
            {
                while (rows.Step()) buckets.Add(RowReads.Int32(rows, 0));
            }

            foreach (var bucket in buckets)
            {
                tables.Show(bucket);
                use(tables, bucket);
            }

            return buckets.Count;
        });
    }
}
