using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>Refuses readings of an embedded ledger that would show less than there is, because rows of their range are in an archive.</summary>
internal static class DetachedGuard
{
    /// <summary>A range of time of an org. An org that was opened later has no detached rows.</summary>
    /// <exception cref="RowsArchivedException">It begins in detached months.</exception>
    public static void Range(RawConnection connection, string org, Instant from)
    {
        if (new SqliteTables(connection).Detached is { } detached && from <= detached.RecordedAt && IsOlder(connection, org, detached))
        {
            throw RowsArchivedException.OfRange(detached);
        }
    }

    /// <summary>Rows that are read by their numbers.</summary>
    /// <exception cref="RowsArchivedException">One of them is detached.</exception>
    public static void Usage(RawConnection connection, IReadOnlyList<long> numbers, Instant from)
    {
        if (new SqliteTables(connection).Detached is not { } detached || from > detached.RecordedAt) return;
        var gone = numbers.Where(detached.HasUsage).ToList();
        if (gone.Count > 0 && connection.ReadInt64($"SELECT count(*) FROM usage WHERE seq IN ({string.Join(',', gone)})") < gone.Count)
        {
            throw RowsArchivedException.OfRange(detached);
        }
    }

    /// <summary>An attempt of which no row was found.</summary>
    /// <exception cref="RowsArchivedException">An archive has its rows.</exception>
    public static void Attempt(RawConnection connection, string org, Guid id)
    {
        using var s = connection.Prepare("SELECT 1 FROM detached_ids d JOIN attributions a ON a.no = d.attribution WHERE d.id = ? AND a.org = ?");
        s.BindBlob(1, id);
        s.Bind(2, org);
        if (s.Step() && new SqliteTables(connection).Detached is { } detached) throw RowsArchivedException.OfRow(detached);
    }

    private static bool IsOlder(RawConnection connection, string org, Detachment detached)
    {
        using var s = connection.Prepare("SELECT 1 FROM settings WHERE kind = 0 AND org = ? AND recorded_at <= ? LIMIT 1");
        s.Bind(1, org);
        s.Bind(2, detached.RecordedAt.UnixMicros);
        return s.Step();
    }
}
