using System.IO.Compression;
using System.Security.Cryptography;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Archive;

/// <summary>Goes through the months of one book, oldest first. Months are free from the oldest on: rows in the middle of a chain are never free.</summary>
internal sealed class PlannedBook(ILedgerTables tables, string archive, Month before, Instant now, ArchivedRows progress)
{
    private readonly SegmentWriter _writer = new(tables, progress);

    /// <summary>The condition for an open finding <c>f</c>, in the SQL of the store.</summary>
    public required string OpenFindings { get; init; }

    public required long[] OpenFindingValues { get; init; }

    /// <summary>Up to which commit rows are counted; null: none is.</summary>
    public required (long Commit, byte[] Hash)? Followed { get; init; }

    public static long[] SqliteValues { get; } = [(int)RecordKind.Finding, (int)RecordKind.Finding];

    public static long[] PostgresValues(int bucket) => [bucket, (int)RecordKind.Finding, bucket, (int)RecordKind.Finding, bucket];

    public static (long Commit, byte[] Hash)? Position(ILedgerTables tables)
    {
        using var rows = tables.Select("SELECT commit_no, hash FROM follower");
        return rows.Step() ? (rows.Int64(0), rows.Bytes(1).ToArray()) : null;
    }

    /// <param name="isVerified">Whether the archive as a whole is right. If not, no month of it is free.</param>
    public IReadOnlyList<PlannedMonth> Months(bool isVerified, CancellationToken cancellationToken)
    {
        // Months whose rows are detached are no longer planned.
        var detached = tables.Detached?.Last.Commit ?? 0;
        var segments = ArchiveManifest.Read(archive).Segments
            .Where(segment => segment.Bucket == tables.Bucket && IsBefore(segment) && segment.LastCommit > detached).ToList();
        var (months, commit, held) = (new List<PlannedMonth>(), detached, (string?)null);
        if (segments.Count > 0 && _writer.HashOf(segments[^1].LastCommit) is not null) progress.Expect(tables, detached, segments[^1].LastCommit);
        foreach (var segment in segments)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var obstacles = new List<string>();
            if (!isVerified) obstacles.Add($"The archive {archive} is damaged or of another ledger: see its verification.");
            if (held is not null) obstacles.Add($"Rows are needed in {held} before it: only the oldest months can be free.");
            obstacles.AddRange(Copy(segment));
            months.Add(Planned(segment.Month, commit, segment.LastCommit, Length(segment), obstacles));
            commit = segment.LastCommit;
            if (obstacles.Count > 0) held ??= segment.Month;
        }

        if (_writer.FirstAfter(commit) is { } recorded && MonthOf(recorded) is var month && month.CompareTo(before) < 0)
        {
            var end = _writer.LastBefore(before.Start(TimeZoneInfo.Utc).UnixMicros)!.Value.Commit;
            months.Add(Planned(month.ToString(), commit, end, bytes: 0,
                [$"Commits {commit + 1} to {end} are not in {archive}: run tieout archive --before {before} --to {archive}."]));
        }

        return months;
    }

    private static Month MonthOf(long micros)
    {
        var at = DateTimeOffset.UnixEpoch.AddMicroseconds(micros);
        return new(at.Year, at.Month);
    }

    private bool IsBefore(ArchiveSegment segment) => !Month.TryParse(segment.Month, out var month) || month.CompareTo(before) < 0;

    private long Length(ArchiveSegment segment) => new FileInfo(Path.Combine(archive, segment.File)) is { Exists: true } file ? file.Length : 0;

    private PlannedMonth Planned(string month, long after, long upTo, long bytes, List<string> obstacles)
    {
        if (_writer.HashOf(upTo) is null) return new(tables.Bucket, month, after + 1, upTo, 0, 0, 0, bytes, [], obstacles);
        var (from, to) = (Chain.At(tables, after).Last, Chain.At(tables, upTo).Last);
        var needs = new MonthNeeds(tables, from, to, now);
        obstacles.AddRange(Month.TryParse(month, out var parsed) && parsed.End(TimeZoneInfo.Utc) > now ? [$"{month} is not over (UTC): wait for its end."] : []);
        obstacles.AddRange(Uncounted(upTo));
        obstacles.AddRange(needs.OpenHolds());
        obstacles.AddRange(needs.OpenFindings(OpenFindings, OpenFindingValues));
        obstacles.AddRange(needs.OpenProposals());
        var orgs = needs.Orgs();
        obstacles.AddRange(needs.OpenPeriods(orgs));
        return new(tables.Bucket, month, after + 1, upTo, to.Usage - from.Usage, to.Posting - from.Posting, to.Hold - from.Hold, bytes,
            [.. orgs.Select(org => org.Id)], obstacles);
    }

    /// <summary>Figures of the month must come from lines before its rows may go.</summary>
    private IEnumerable<string> Uncounted(long upTo)
    {
        if (Followed is { } at && at.Commit >= upTo && _writer.HashOf(at.Commit) == Convert.ToHexStringLower(at.Hash)) yield break;
        yield return Followed is { } behind
            ? $"The follower is at commit {behind.Commit}, or counted another chain; the month ends with {upTo}: let a server run until it has caught up."
            : "The follower has counted nothing: let a server run until it has caught up.";
    }

    /// <summary>Compares each byte of the archive's rows with the rows that the ledger has now.</summary>
    private IEnumerable<string> Copy(ArchiveSegment segment)
    {
        var file = Path.Combine(archive, segment.File);
        if (_writer.HashOf(segment.LastCommit) != segment.Hash) return [$"Commit {segment.LastCommit} has another hash in the ledger than in {segment.File}."];
        if (!File.Exists(file)) return [$"{segment.File} is missing from the archive: put it back from another copy."];
        byte[] archived;
        try
        {
            using var rows = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
            archived = SHA256.HashData(rows);
        }
        catch (Exception damaged) when (damaged is InvalidDataException or IOException)
        {
            return [$"{segment.File} cannot be read to its end: put it back from another copy."];
        }

        using var hash = SHA256.Create();
        using (var sink = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write)) _writer.Write(sink, segment.FirstCommit - 1, segment.LastCommit);
        return archived.AsSpan().SequenceEqual(hash.Hash)
            ? [] : [$"{segment.File} is not byte for byte what the ledger has: run tieout verify on the ledger and on the archive."];
    }
}
