using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Storage.Archive;

namespace Tieout.Storage.Detaching;

/// <summary>What one detachment would take out of a ledger.</summary>
/// <param name="Plan">Every month that was looked at.</param>
/// <param name="Months">Those that would go: of each bucket the oldest, up to the first that something needs.</param>
/// <param name="Id">Names exactly these rows and this archive; null: nothing can go.</param>
public sealed record DetachPlan(ArchivePlan Plan, IReadOnlyList<PlannedMonth> Months, string? Id)
{
    /// <summary>The last commit whose rows would go, by bucket.</summary>
    internal IReadOnlyDictionary<int, long> Cuts { get; private init; } = new Dictionary<int, long>();

    /// <param name="archive">The full path of the archive's folder.</param>
    /// <param name="recorded">Where books end that the plan has reached already; null: it has reached none.</param>
    internal static DetachPlan Of(ArchivePlan plan, string archive, IReadOnlyDictionary<int, long>? recorded = null)
    {
        var months = plan.Archive.Ok
            ? plan.Months.GroupBy(month => month.Bucket).Where(bucket => recorded?.ContainsKey(bucket.Key) is not true)
                .SelectMany(bucket => bucket.TakeWhile(month => month.Obstacles.Count == 0)).ToList() : [];
        var cuts = new SortedDictionary<int, long>();
        foreach (var (bucket, cut) in recorded ?? new Dictionary<int, long>()) cuts[bucket] = cut;
        foreach (var month in months) cuts[month.Bucket] = month.LastCommit;
        if (cuts.Count == 0) return new(plan, [], Id: null);
        var text = new StringBuilder(archive);
        var segments = ArchiveManifest.Read(archive).Segments.ToLookup(segment => segment.Bucket);
        foreach (var (bucket, cut) in cuts)
        {
            foreach (var segment in segments[bucket].Where(segment => segment.LastCommit <= cut))
            {
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"\n{bucket} {segment.Month} {segment.FirstCommit} {segment.LastCommit} {segment.Hash} {segment.Sha256}");
            }
        }

        return new(plan, months, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16]) { Cuts = cuts };
    }

    /// <summary>The archive's files of a bucket up to a commit.</summary>
    internal static IReadOnlyList<ArchiveSegment> Segments(string archive, int bucket, long cut) =>
        [.. ArchiveManifest.Read(archive).Segments.Where(segment => segment.Bucket == bucket && segment.LastCommit <= cut)];
}

/// <summary>What a detachment did.</summary>
/// <param name="Books">The records of what left each book, in the order of the buckets.</param>
/// <param name="Removed">Rows that this command removed; a command that goes on after a kill removes the rest.</param>
/// <param name="FreedBytes">How many bytes the store gave back. 0: its free pages are used again, and it keeps its size.</param>
public sealed record DetachReport(IReadOnlyList<Detachment> Books, long Removed, long FreedBytes)
{
    /// <summary>How many rows the archive has in the place of the ledger.</summary>
    public DetachedRows Rows => new(Books.Sum(book => book.Rows.Usage), Books.Sum(book => book.Rows.Postings), Books.Sum(book => book.Rows.Holds));
}
