using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tieout.Storage.Archive;

namespace Tieout.Storage.Detaching;

/// <summary>What one detachment would take out of an embedded ledger.</summary>
/// <param name="Plan">Every month that was looked at.</param>
/// <param name="Months">Those that would go: the oldest, up to the first that something needs.</param>
/// <param name="Id">Names exactly these rows and this archive; null: nothing can go.</param>
public sealed record DetachPlan(ArchivePlan Plan, IReadOnlyList<PlannedMonth> Months, string? Id)
{
    /// <summary>The last commit whose rows would go; 0: none would.</summary>
    public long Cut => Months.Count == 0 ? 0 : Months[^1].LastCommit;

    /// <param name="archive">The full path of the archive's folder.</param>
    internal static DetachPlan Of(ArchivePlan plan, string archive)
    {
        var months = plan.Archive.Ok ? plan.Months.TakeWhile(month => month.Obstacles.Count == 0).ToList() : [];
        if (months.Count == 0) return new(plan, [], Id: null);
        var text = new StringBuilder(archive);
        foreach (var segment in Segments(archive, months[^1].LastCommit))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{segment.Month} {segment.FirstCommit} {segment.LastCommit} {segment.Hash} {segment.Sha256}");
        }

        return new(plan, months, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16]);
    }

    /// <summary>The archive's files up to a commit.</summary>
    internal static IReadOnlyList<ArchiveSegment> Segments(string archive, long cut) =>
        [.. ArchiveManifest.Read(archive).Segments.Where(segment => segment.Bucket == 0 && segment.LastCommit <= cut)];
}

/// <summary>What a detachment did.</summary>
/// <param name="Removed">Rows that this command removed; a command that goes on after a kill removes the rest.</param>
/// <param name="FreedBytes">By how much the file shrank. 0: its free pages are used again, and the file keeps its size.</param>
public sealed record DetachReport(Core.Ledger.Detachment Detached, long Removed, long FreedBytes);
