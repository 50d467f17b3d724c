using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tieout.Storage.Archive;

/// <summary>What an archive consists of: <c>archive.json</c> in its folder.</summary>
public sealed record ArchiveManifest(int Version, IReadOnlyList<ArchiveSegment> Segments)
{
    public const int Current = 1;

    private const string FileName = "archive.json";

    /// <summary>An empty one, if there is none.</summary>
    /// <exception cref="StoreCorruptException">It is not an archive's, or a newer program's.</exception>
    public static ArchiveManifest Read(string folder)
    {
        var file = Path.Combine(folder, FileName);
        if (!File.Exists(file)) return new(Current, []);
        try
        {
            var manifest = JsonSerializer.Deserialize(File.ReadAllBytes(file), ArchiveJson.Default.ArchiveManifest);
            return manifest is { Version: Current } ? manifest : throw new StoreCorruptException($"{file} is not of a version that this program knows.");
        }
        catch (JsonException e)
        {
            throw new StoreCorruptException($"{file} is damaged: {e.Message}");
        }
    }

    /// <summary>Whole or not at all.</summary>
    public void Write(string folder)
    {
        var file = Path.Combine(folder, FileName);
        PrivateFiles.Write(file + ".unfinished", JsonSerializer.SerializeToUtf8Bytes(this, ArchiveJson.Default.ArchiveManifest));
        File.Move(file + ".unfinished", file, overwrite: true);
    }
}

/// <summary>A month of one bucket's chain: every row of its commits, in one file.</summary>
/// <param name="Bucket">0 for an embedded ledger.</param>
/// <param name="Month"><c>2026-10</c>, in UTC, by the time at which rows were recorded.</param>
/// <param name="PreviousHash">Of the chain before the first commit, in hexadecimal.</param>
/// <param name="Hash">Of the chain at the last commit: with it a ledger and its archive are compared.</param>
/// <param name="Sha256">Of the file, in hexadecimal.</param>
public sealed record ArchiveSegment(
    int Bucket, string Month, string File, long FirstCommit, long LastCommit, string PreviousHash, string Hash, long Rows, string Sha256);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ArchiveManifest))]
internal sealed partial class ArchiveJson : JsonSerializerContext;
