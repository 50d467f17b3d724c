using System.Security.Cryptography;
using Tieout.Core.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>What a ledger has in the place of detached rows.</summary>
internal static class DetachedTables
{
    private static readonly TableColumn[] IdColumns =
    [
        new("id", ColumnType.Id, IsOptional: false), new("attribution", ColumnType.Number, IsOptional: false),
        new("usage", ColumnType.Number, IsOptional: true), new("hold", ColumnType.Number, IsOptional: true),
    ];

    /// <summary>The tables whose rows go, and the columns that number them.</summary>
    public static IReadOnlyDictionary<string, string> Going { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["usage"] = "seq", ["postings"] = "seq", ["holds"] = "seq", ["hold_ends"] = "hold" };

    /// <summary>The body of the newest record of detached rows.</summary>
    public static string NewestSql { get; } =
        $"SELECT body FROM records WHERE kind = {Detachment.Key.Kind:D} AND org = '' AND name = '{Detachment.Key.Name}' ORDER BY seq DESC LIMIT 1";

    /// <summary>The newest record of detached rows; null: none were ever detached.</summary>
    public static Detachment? Newest(ILedgerTables tables)
    {
        using var rows = tables.Select(NewestSql);
        return rows.Step() ? Detachment.Parse(rows.Text(0)) : null;
    }

    /// <summary>The SHA-256 of all rows up to a commit that stay. It is the same before, during and after the removal of the others.</summary>
    public static string Stay(ILedgerTables tables, long cut, ArchivedRows progress)
    {
        using var hash = SHA256.Create();
        using (var sink = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            new SegmentWriter(tables, progress).Write(
                sink, after: 0, cut,
                table => Going.TryGetValue(table, out var number)
                    ? $" AND {number} IN (SELECT seq FROM detached_stay WHERE cut = {cut} AND of_table = '{table}')" : "");
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }

    /// <summary>How many attempts are known by their ids alone, and the SHA-256 of their ids.</summary>
    public static (long Count, string Sha256) Ids(ILedgerTables tables)
    {
        using var digest = new RowDigest();
        using var rows = tables.Select($"SELECT {string.Join(", ", IdColumns.Select(column => column.Name))} FROM detached_ids ORDER BY id");
        var count = digest.Add(rows, "detached_ids", IdColumns);
        return (count, digest.End());
    }
}
