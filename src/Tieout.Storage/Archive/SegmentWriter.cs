using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Archive;

/// <summary>Writes the rows of a range of commits as JSON lines, one row a line, compressed.</summary>
internal sealed class SegmentWriter(ILedgerTables tables, ArchivedRows progress)
{
    private const int FlushBytes = 64 * 1024;

    /// <param name="after">The last commit that is not to be in it; 0: there is none.</param>
    /// <param name="upTo">The last that is.</param>
    /// <returns>The rows, and the hash of the file.</returns>
    public (long Rows, string Sha256) Write(string file, long after, long upTo)
    {
        PrivateFiles.CreateFolder(Path.GetDirectoryName(file)!);
        var unfinished = file + ".unfinished";
        var rows = 0L;
        using (var stream = PrivateFiles.Create(unfinished))
        {
            using (var gzip = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true))
            {
                rows = Write(gzip, after, upTo);
            }

            stream.Flush(flushToDisk: true);
        }

        File.Move(unfinished, file, overwrite: true);
        using var written = File.OpenRead(file);
        return (rows, Convert.ToHexStringLower(SHA256.HashData(written)));
    }

    /// <summary>Writes the rows as they are before compression. The same commits come to the same bytes each time.</summary>
    /// <returns>How many rows.</returns>
    public long Write(Stream stream, long after, long upTo) => Write(stream, after, upTo, _ => "");

    /// <inheritdoc cref="Write(Stream, long, long)"/>
    /// <param name="among">What narrows the rows of a table down: SQL that goes on after a condition.</param>
    public long Write(Stream stream, long after, long upTo, Func<string, string> among) =>
        ArchiveTable.All.Sum(table => Write(stream, table, after, upTo, among(table.Name)));

    /// <summary>Commit and hash of the last commit recorded before a time; null: there is none.</summary>
    public (long Commit, string Hash)? LastBefore(long micros)
    {
        using var rows = tables.Select("SELECT commit_no, hash FROM chain WHERE commit_no = (SELECT max(commit_no) FROM chain WHERE recorded_at < ?)", micros);
        return rows.Step() ? (rows.Int64(0), Convert.ToHexStringLower(rows.Bytes(1))) : null;
    }

    /// <summary>Hash of a commit; null: it is not there.</summary>
    public string? HashOf(long commit)
    {
        using var rows = tables.Select("SELECT hash FROM chain WHERE commit_no = ?", commit);
        return rows.Step() ? Convert.ToHexStringLower(rows.Bytes(0)) : null;
    }

    /// <summary>When the first commit after one was recorded, in microseconds; null: there is none.</summary>
    public long? FirstAfter(long commit)
    {
        using var rows = tables.Select("SELECT recorded_at FROM chain WHERE commit_no = ?", commit + 1);
        return rows.Step() ? rows.Int64(0) : null;
    }

    private long Write(Stream stream, ArchiveTable table, long after, long upTo, string among)
    {
        var (from, to) = table.Last is { } last ? (LastOf(last, after), LastOf(last, upTo)) : (after, upTo);
        if (from == to) return 0;
        using var rows = tables.Select(
            $"SELECT {table.ColumnNames} FROM {table.Name} WHERE {table.Key} > ? AND {table.Key} <= ?{among} ORDER BY {table.Key}", from, to);
        var (count, reported) = (0L, 0L);
        using var buffer = new MemoryStream();
        using var json = new Utf8JsonWriter(buffer);
        while (rows.Step())
        {
            json.Reset(buffer);
            json.WriteStartObject();
            json.WriteStartObject(table.Name);
            for (var i = 0; i < table.Columns.Count; i++) Write(json, rows, i, table.Columns[i]);
            json.WriteEndObject();
            json.WriteEndObject();
            json.Flush();
            buffer.WriteByte((byte)'\n');
            count++;
            if (buffer.Length < FlushBytes) continue;
            stream.Write(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
            buffer.SetLength(0);
            progress.Add(count - reported);
            reported = count;
        }

        stream.Write(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
        progress.Add(count - reported);
        return count;
    }

    private static void Write(Utf8JsonWriter json, IRows rows, int index, TableColumn column)
    {
        json.WritePropertyName(column.Name);
        if (rows.IsNull(index)) json.WriteNullValue();
        else if (column.Type is ColumnType.Number) json.WriteNumberValue(rows.Int64(index));
        else if (column.Type is ColumnType.Text) json.WriteStringValue(rows.Text(index));
        else if (column.Type is ColumnType.Id) json.WriteStringValue(rows.Guid(index));
        else json.WriteStringValue(Convert.ToHexStringLower(rows.Bytes(index)));
    }

    /// <summary>How far a table had come at a commit.</summary>
    private long LastOf(string column, long commit)
    {
        if (commit == 0) return 0;
        using var rows = tables.Select($"SELECT {column} FROM chain WHERE commit_no = ?", commit);
        return rows.Step() ? rows.Int64(0) : throw new StoreCorruptException($"Commit {commit} is missing from the chain.");
    }
}
