using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Tieout.Server.Triage.Packets;

/// <summary>The files of a packet as a zip: the same files come to the same bytes, whenever the zip is made.</summary>
internal static class PacketZip
{
    public const string Sums = "SHA256SUMS";

    /// <summary>The first time that a zip can say.</summary>
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static byte[] Of(IReadOnlyDictionary<string, byte[]> files)
    {
        var names = files.Keys.Order(StringComparer.Ordinal).ToList();
        var sums = string.Concat(names.Select(name => $"{Convert.ToHexStringLower(SHA256.HashData(files[name]))}  {name}\n"));
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var name in names.Append(Sums).Order(StringComparer.Ordinal))
            {
                var entry = zip.CreateEntry(name);
                entry.LastWriteTime = NoTime;
                using var stream = entry.Open();
                stream.Write(name == Sums ? Encoding.UTF8.GetBytes(sums) : files[name]);
            }
        }

        return bytes.ToArray();
    }
}
