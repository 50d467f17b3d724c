using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Tieout.Server.Tests.Triage;

/// <summary>A review packet as an outsider has it: files, and the words of <c>chain/HOW-TO-CHECK.txt</c>. Uses nothing of the product.</summary>
internal sealed class PacketFiles
{
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    public PacketFiles(byte[] zip)
    {
        using var archive = new ZipArchive(new MemoryStream(zip), ZipArchiveMode.Read);
        foreach (var entry in archive.Entries)
        {
            using var bytes = new MemoryStream();
            using var stream = entry.Open();
            stream.CopyTo(bytes);
            _files[entry.FullName] = bytes.ToArray();
            Order.Add(entry.FullName);
            Times.Add(entry.LastWriteTime.DateTime);
        }
    }

    /// <summary>The names in the order of the zip.</summary>
    public List<string> Order { get; } = [];

    /// <summary>When the zip says that its files were written.</summary>
    public HashSet<DateTime> Times { get; } = [];

    public IEnumerable<string> Commits => Order.Where(name => name.StartsWith("chain/commit-", StringComparison.Ordinal));

    public byte[] Bytes(string name) => _files[name];

    public string Text(string name) => Encoding.UTF8.GetString(_files[name]);

    public JsonElement Json(string name) => JsonDocument.Parse(_files[name]).RootElement;

    /// <summary>Everything as one text, for a search.</summary>
    public string All => string.Join('\n', Order.Select(name => $"{name}\n{Text(name)}"));

    /// <summary>A page without its line breaks and indents, so that sentences are found wherever they are wrapped.</summary>
    public static string OneLine(string page) => string.Join(' ', page.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Compares every file with SHA256SUMS.</summary>
    public void AssertSums()
    {
        var sums = Text("SHA256SUMS").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split("  ")).ToDictionary(
            line => line[1], line => line[0], StringComparer.Ordinal);
        Assert.Equal(Order.Where(name => name != "SHA256SUMS").Order(StringComparer.Ordinal), sums.Keys.Order(StringComparer.Ordinal));
        Assert.All(sums, sum => Assert.Equal(sum.Value, Convert.ToHexStringLower(SHA256.HashData(_files[sum.Key]))));
    }

    /// <summary>Steps 1 and 2 of the instructions.</summary>
    /// <returns>What is wrong with a commit; null: all of it is right.</returns>
    public static string? Flaw(JsonElement commit)
    {
        using var bytes = new MemoryStream();
        bytes.Write(Convert.FromHexString(commit.GetProperty("previous_hash").GetString()!));
        Integer(bytes, commit.GetProperty("commit").GetInt64());
        Integer(bytes, commit.GetProperty("recorded_at_micros").GetInt64());
        foreach (var row in commit.GetProperty("rows").EnumerateArray())
        {
            if (row.GetProperty("fields").ValueKind is JsonValueKind.Null) continue;
            var own = Row(row);
            if (Convert.ToHexStringLower(SHA256.HashData(own)) != row.GetProperty("sha256").GetString()) return $"a row of {row.GetProperty("table")}";
            bytes.Write(own);
        }

        if (!commit.GetProperty("complete").GetBoolean()) return null;
        return Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())) == commit.GetProperty("hash").GetString() ? null : "the hash";
    }

    private static byte[] Row(JsonElement row)
    {
        using var bytes = new MemoryStream();
        bytes.WriteByte(row.GetProperty("tag").GetByte());
        foreach (var field in row.GetProperty("fields").EnumerateArray())
        {
            var value = field.GetProperty("value").GetString();
            switch (field.GetProperty("type").GetString())
            {
                case "integer":
                    Integer(bytes, value is null ? long.MinValue : long.Parse(value, System.Globalization.CultureInfo.InvariantCulture));
                    break;
                case "amount":
                    Integer(bytes, long.Parse(value!, System.Globalization.CultureInfo.InvariantCulture));
                    break;
                case "text":
                    Sized(bytes, value is null ? null : Encoding.UTF8.GetBytes(value));
                    break;
                case "uuid":
                    bytes.Write(Convert.FromHexString(value!.Replace("-", "", StringComparison.Ordinal)));
                    break;
                case "optional_uuid":
                    Sized(bytes, value is null ? null : Convert.FromHexString(value.Replace("-", "", StringComparison.Ordinal)));
                    break;
                case "bytes":
                    Sized(bytes, Convert.FromHexString(value!));
                    break;
                default:
                    Assert.Fail($"The instructions do not say how to write {field}.");
                    break;
            }
        }

        return bytes.ToArray();
    }

    private static void Sized(MemoryStream to, byte[]? bytes)
    {
        Integer(to, bytes?.Length ?? -1);
        to.Write(bytes ?? []);
    }

    private static void Integer(MemoryStream to, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        to.Write(bytes);
    }
}
