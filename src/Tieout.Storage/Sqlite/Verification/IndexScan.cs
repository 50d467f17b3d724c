using Tieout.Core.Ledger;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>Reads the indexes of the largest tables from their first entry to their last.</summary>
/// <param name="last">Entries of later rows are left out: they came since.</param>
internal sealed class IndexScan(RawConnection connection, Sequences last)
{
    /// <summary>Tables whose indexes are all read here. The check of SQLite looks at each other table by itself.</summary>
    public static IReadOnlyList<string> Tables { get; } = ["usage", "holds", "postings"];

    /// <summary>All that these tables have; where there is another, <see cref="Read()"/> does not say it all.</summary>
    public static IReadOnlySet<string> Indexes { get; } =
        new HashSet<string>(["usage_id", "holds_id", "holds_operation", "postings_reverses"], StringComparer.Ordinal);

    /// <returns>Null: an index is not in its order, or lists one id twice.</returns>
    public IndexDigests? Read()
    {
        if (Read("SELECT id, seq FROM usage INDEXED BY usage_id", last.Usage, isUnique: true, Id) is not { } usage) return null;
        if (Read("SELECT id, seq FROM holds INDEXED BY holds_id", last.Hold, isUnique: true, Id) is not { } holds) return null;
        if (Read("SELECT operation_id, seq FROM holds INDEXED BY holds_operation", last.Hold, isUnique: false, Operation) is not { } operations) return null;
        return Reverses() is { } reverses ? new(usage, holds, operations, reverses) : null;
    }

    private static IdEntry? Id(RawStatement row, long seq) => row.Bytes(0) is { Length: 16 } id ? IndexDigests.Entry(id, seq) : null;

    private static IdEntry? Operation(RawStatement row, long seq) => IndexDigests.Entry(row.Chars(0), seq);

    /// <param name="lastRow">The last row whose entries count.</param>
    /// <param name="entryOf">Null: there is no such key.</param>
    private RowDigest? Read(string sql, long lastRow, bool isUnique, Func<RawStatement, long, IdEntry?> entryOf)
    {
        var (digest, key, length, before) = (default(RowDigest), new byte[64], -1, 0L);
        using var rows = connection.Prepare(sql);
        while (rows.Step())
        {
            var bytes = rows.Bytes(0);
            var seq = rows.Int64(1);
            var order = length < 0 ? 1 : bytes.SequenceCompareTo(key.AsSpan(0, length));
            if (order < 0 || (order == 0 && (isUnique || seq <= before))) return null;
            if (key.Length < bytes.Length) key = new byte[2 * bytes.Length];
            bytes.CopyTo(key);
            (length, before) = (bytes.Length, seq);
            if (seq > lastRow) continue;
            if (entryOf(rows, seq) is not { } entry) return null;
            digest = digest.With(entry);
        }

        return digest;
    }

    private RowDigest? Reverses()
    {
        var (digest, before) = (default(RowDigest), default(IdEntry));
        using var rows = connection.Prepare("SELECT reverses, seq FROM postings INDEXED BY postings_reverses WHERE reverses > 0");
        while (rows.Step())
        {
            var entry = new IdEntry(rows.Int64(0), rows.Int64(1));
            if (entry <= before) return null;
            before = entry;
            if (entry.Seq <= last.Posting) digest = digest.With(entry);
        }

        return digest;
    }
}
