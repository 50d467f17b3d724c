using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Tieout.Core.Attribution;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Archive;

/// <summary>Proves an archive right or names what is wrong in it: each bucket's rows are put back into an empty ledger, and that is verified like any
/// other.</summary>
public static class ArchiveVerification
{
    /// <param name="folder">The data folder of the ledger to compare with; null, and <paramref name="store"/> too: with none.</param>
    /// <param name="store">Or the address of its PostgreSQL store.</param>
    /// <param name="secret">With it the links of lineages are checked, too, where the archive has one bucket.</param>
    /// <exception cref="StoreUnavailableException">There is no archive, or it or the ledger cannot be read.</exception>
    public static async Task<VerificationReport> RunAsync(string archive, string? folder = null, string? store = null, EnvelopeSecret? secret = null)
    {
        var manifest = ArchiveManifest.Read(archive);
        if (manifest.Segments.Count == 0) throw new StoreUnavailableException($"{archive} contains no archive.", StoreEffect.None, StoreFault.NotWritable);
        var findings = new Findings("archive");
        var reports = new List<VerificationReport>();
        var buckets = manifest.Segments.GroupBy(segment => segment.Bucket).ToDictionary(bucket => bucket.Key, bucket => bucket.ToList());
        foreach (var segments in buckets.Values) reports.Add(Verify(archive, segments, findings, buckets.Count == 1 ? secret : null));
        if ((folder ?? store) is not null)
        {
            await LedgerArchive.CompareAsync(folder, store, (bucket, hashOf) =>
            {
                foreach (var segment in buckets.GetValueOrDefault(bucket) ?? [])
                {
                    findings.Check("archive", hashOf(segment.LastCommit) == segment.Hash,
                        $"{segment.File}: commit {segment.LastCommit} of bucket {bucket} has another hash in the ledger.");
                }
            });
        }

        return new([.. reports.Append(findings.Report).SelectMany(report => report.Checks).GroupBy(check => check.Id).Select(Sum)]);
    }

    private static VerificationCheck Sum(IGrouping<string, VerificationCheck> checks) =>
        new(checks.Key, checks.Sum(check => check.Checked), checks.Sum(check => check.Broken),
            [.. checks.SelectMany(check => check.Rows).Take(VerificationCheck.RowsMax)]);

    private static VerificationReport Verify(string archive, List<ArchiveSegment> segments, Findings findings, EnvelopeSecret? secret)
    {
        var place = Directory.CreateTempSubdirectory("tieout-archive-").FullName;
        try
        {
            using (var ledger = RawConnection.Open(DataFolder.DatabaseIn(place)))
            {
                ledger.Execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
                Schema.Migrate(ledger);
                ledger.Execute("BEGIN");
                var (commit, hash) = (0L, new string('0', 64));
                foreach (var segment in segments)
                {
                    findings.Check("archive", segment.FirstCommit == commit + 1 && segment.PreviousHash == hash,
                        $"{segment.File} does not begin where the one before it ends, after commit {commit}.");
                    (commit, hash) = (segment.LastCommit, segment.Hash);
                    PutBack(Path.Combine(archive, segment.File), segment, ledger, findings);
                }

                ledger.Execute("COMMIT");
                findings.Check(
                    "archive", HashOf(ledger, commit) == hash, $"{segments[^1].File} does not end with commit {commit} and the hash that archive.json has.");
            }

            return SqliteVerification.Run(place, new SqliteVerificationRequest(secret, IsWhole: true));
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    private static void PutBack(string file, ArchiveSegment segment, RawConnection ledger, Findings findings)
    {
        if (!File.Exists(file))
        {
            findings.Broken("archive", $"{segment.File} is missing.");
            return;
        }

        using var stream = File.OpenRead(file);
        findings.Check("archive", Convert.ToHexStringLower(SHA256.HashData(stream)) == segment.Sha256, $"{segment.File} is not the file that was written.");
        stream.Position = 0;
        try
        {
            using var insert = new RowsPutBack(ledger);
            using var lines = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
            var rows = 0L;
            for (; lines.ReadLine() is { } line; rows++) insert.Put(line);
            findings.Check("archive", rows == segment.Rows, $"{segment.File} has {rows} rows, not {segment.Rows}.");
        }
        catch (Exception damaged) when (damaged is InvalidDataException or IOException or JsonException or InvalidOperationException or FormatException
            or KeyNotFoundException or StoreConstraintException)
        {
            findings.Broken("archive", $"{segment.File} cannot be read to its end: {damaged.Message}");
        }
    }

    private static string? HashOf(RawConnection ledger, long commit)
    {
        using var rows = ledger.Prepare("SELECT hash FROM chain WHERE commit_no = ?");
        rows.Bind(1, commit);
        return rows.Step() ? Convert.ToHexStringLower(rows.Bytes(0)) : null;
    }
}

/// <summary>Puts rows of an archive into an empty ledger, as they were.</summary>
internal sealed class RowsPutBack(RawConnection ledger) : IDisposable
{
    private readonly Dictionary<string, (ArchiveTable Table, RawStatement Insert)> _tables = ArchiveTable.All.ToDictionary(table => table.Name, table =>
        (table, ledger.Prepare($"INSERT INTO {table.Name} ({table.ColumnNames}) VALUES ({string.Join(", ", table.Columns.Select(_ => "?"))})")));

    /// <exception cref="JsonException">It is not a row.</exception>
    public void Put(string line)
    {
        using var json = JsonDocument.Parse(line);
        var row = json.RootElement.EnumerateObject().Single();
        var (table, insert) = _tables[row.Name];
        for (var i = 0; i < table.Columns.Count; i++) Bind(insert, i + 1, row.Value.GetProperty(table.Columns[i].Name), table.Columns[i].Type);
        insert.Run();
    }

    public void Dispose()
    {
        foreach (var (_, insert) in _tables.Values) insert.Dispose();
    }

    private static void Bind(RawStatement insert, int index, JsonElement value, ColumnType type)
    {
        if (value.ValueKind is JsonValueKind.Null) insert.BindNull(index);
        else if (type is ColumnType.Number) insert.Bind(index, value.GetInt64());
        else if (type is ColumnType.Text) insert.Bind(index, value.GetString());
        else if (type is ColumnType.Id) insert.BindBlob(index, value.GetGuid());
        else insert.BindBlob(index, Convert.FromHexString(value.GetString()!));
    }
}
