using System.Text;
using Tieout.Storage.Spool;

namespace Tieout.Storage.Tests.Spool;

/// <summary>What the spool's file gives back after anything that a crash or a disk may do to it.</summary>
public sealed class SpoolFileTests : IDisposable
{
    private static readonly SpoolLimits Small = new(FirstBytes: 64 * 1024, StepBytes: 16 * 1024, ReserveBytes: 4 * 1024, MaxBytes: 128 * 1024);

    private readonly TemporaryFolder _folder = new();

    private string Log => _folder.File("spool.log");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_appended_comes_back_in_order_and_is_gone_once_cleared()
    {
        using (var file = SpoolFile.Open(_folder.Path, Small, out var fresh))
        {
            Assert.Empty(fresh.Records);
            file.Append(Payloads("one", "two"));
            file.Append(Payloads("three"));
        }

        using (var file = SpoolFile.Open(_folder.Path, Small, out var content))
        {
            Assert.Equal(["1 one", "2 two", "3 three"], Shown(content));
            Assert.Empty(content.Damages);
            file.Clear();
            file.Append(Payloads("four"));
        }

        using var last = SpoolFile.Open(_folder.Path, Small, out var after);
        Assert.Equal(["4 four"], Shown(after));
        Assert.Empty(after.Damages);
    }

    // Goal: a crash in the middle of an append loses nothing that was acknowledged, and says what it cut. Method: the file as if the
    // last record had been written to its n-th byte only, for every n.
    [Fact]
    public void S1_a_torn_last_record_is_cut_wherever_it_is_torn()
    {
        var whole = FileWith("first", "second", "last-one");
        var end = SpoolFile.DataStart + Sizes("first", "second", "last-one");
        var start = end - Sizes("last-one");
        for (var torn = start; torn < end; torn++)
        {
            var bytes = whole.ToArray();
            bytes.AsSpan(torn, end - torn).Clear();
            File.WriteAllBytes(Log, bytes);
            using (var file = SpoolFile.Open(_folder.Path, Small, out var content))
            {
                Assert.Equal(["1 first", "2 second"], Shown(content));
                if (torn == start) Assert.Empty(content.Damages);
                else Assert.Contains($"record 3 at byte {start}, the last, is torn", Assert.Single(content.Damages), StringComparison.Ordinal);
                file.Append(Payloads("x"));
            }

            using var again = SpoolFile.Open(_folder.Path, Small, out var after);
            Assert.Equal(["1 first", "2 second", "3 x"], Shown(after));
            Assert.Empty(after.Damages);
        }
    }

    // Goal: one flipped bit harms one record, and the record is named. Method: a bit in every byte of the second of three records.
    [Fact]
    public void S1_a_corrupt_byte_is_named_and_harms_its_own_record_only()
    {
        var whole = FileWith("first", "second", "third");
        var start = SpoolFile.DataStart + Sizes("first");
        for (var at = start; at < start + Sizes("second"); at++)
        {
            var bytes = whole.ToArray();
            bytes[at] ^= 0x10;
            File.WriteAllBytes(Log, bytes);
            using var file = SpoolFile.Open(_folder.Path, Small, out var content);
            Assert.Equal(["1 first", "3 third"], Shown(content));
            Assert.Contains($"record 2 at byte {start} is damaged", Assert.Single(content.Damages), StringComparison.Ordinal);
            Assert.NotEmpty(Directory.GetFiles(_folder.Path, "spool.log.damaged-*"));
        }
    }

    [Fact]
    public void A_damaged_head_is_no_empty_spool()
    {
        var bytes = FileWith("first");
        bytes[9] ^= 1;
        File.WriteAllBytes(Log, bytes);
        Assert.Contains("head", Assert.Throws<StoreCorruptException>(() => SpoolFile.Open(_folder.Path, Small, out _)).Message, StringComparison.Ordinal);
        File.WriteAllText(Log, new string('x', 1000));
        Assert.Contains(
            "is not a spool", Assert.Throws<StoreCorruptException>(() => SpoolFile.Open(_folder.Path, Small, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_spool_says_so_before_it_refuses_and_takes_what_fits()
    {
        using var file = SpoolFile.Open(_folder.Path, Small, out _);
        var taken = 0;
        while (file.EnsureRoom())
        {
            file.Append([new byte[1000]]);
            taken++;
        }

        Assert.True(file.FreeBytes > 1016, "what was set aside is still there for what is under way");
        file.Append([new byte[1000]]);
        Assert.Throws<IOException>(() => file.Append([new byte[8000]]));
        file.Dispose();
        using var again = SpoolFile.Open(_folder.Path, Small, out var content);
        Assert.Equal(taken + 1, content.Records.Count);
        again.Clear();
        Assert.True(again.EnsureRoom());
    }

    [Fact]
    public void A_second_process_does_not_share_it()
    {
        using var file = SpoolFile.Open(_folder.Path, Small, out _);
        Assert.Throws<StoreUnavailableException>(() => CommandSpool.Open(_folder.Path, Small));
    }

    private byte[] FileWith(params string[] payloads)
    {
        using (var file = SpoolFile.Open(_folder.Path, Small, out _)) file.Append(Payloads(payloads));
        var bytes = File.ReadAllBytes(Log);
        File.Delete(Log);
        return bytes;
    }

    private static byte[][] Payloads(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    private static int Sizes(params string[] texts) => texts.Sum(text => SpoolFile.RecordHead + text.Length);

    private static IEnumerable<string> Shown(SpoolContent content) =>
        content.Records.Select(record => $"{record.Number} {Encoding.UTF8.GetString(record.Payload.Span)}");
}
