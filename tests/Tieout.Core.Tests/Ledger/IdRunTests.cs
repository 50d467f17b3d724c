using Tieout.Core.Ledger.RowIndex;

namespace Tieout.Core.Tests.Ledger;

public sealed class IdRunTests
{
    // Goal: blocks are the entries that were cut, whatever their distances, and fit into a page. Method: near and far keys, keys of many rows, rows out of
    // order.
    [Fact]
    public void Blocks_have_the_entries_that_were_cut_into_them()
    {
        var random = new Random(7);
        List<IdEntry> entries = [new(0, 1), new(0, 2), new(0, long.MaxValue), new(long.MaxValue, 0), new(long.MaxValue, long.MaxValue)];
        for (var i = 0; i < 20_000; i++) entries.Add(new(random.NextInt64(i % 3 == 0 ? 5 : long.MaxValue), random.NextInt64(2_000_000)));
        IdEntry[] sorted = [.. entries.Distinct().Order()];
        var blocks = IdBlock.Cut(sorted);
        Assert.Equal(sorted, blocks.SelectMany(block => IdBlock.Entries(block.First, block.Bytes)!));
        Assert.All(blocks, block => Assert.InRange(block.Bytes.Length, 0, IdBlock.BytesMax));
        Assert.True(blocks.Count < sorted.Length / 100);
    }

    [Theory]
    [InlineData("80")]
    [InlineData("01")]
    [InlineData("0000")]
    [InlineData("0001")]
    [InlineData("ffffffffffffffffffff00")]
    public void Bytes_that_are_never_written_are_refused(string hex) => Assert.Null(IdBlock.Entries(new(5, 5), Convert.FromHexString(hex)));

    // Goal: few runs, none too large, each entry written a few times. Method: steps of different sizes up to millions of entries.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 5)]
    [InlineData(50, 50)]
    [InlineData(1, 3_000)]
    [InlineData(125_000, 125_000)]
    [InlineData(300_000, 300_000)]
    public void Few_runs_are_left_and_none_grows_without_bound(int least, int most)
    {
        var (random, runs, written, all, last) = (new Random(3), new List<IdRun>(), 0L, 0L, 0L);
        for (var step = 0; step < 30_000 && all < 20_000_000; step++)
        {
            var entries = random.Next(least, most + 1);
            var absorbed = IdRun.Absorbed(runs, entries);
            var run = new IdRun(absorbed > 0 ? runs[^absorbed].First : last + 1, last += 10, entries + runs[^absorbed..].Sum(one => one.Entries));
            runs.RemoveRange(runs.Count - absorbed, absorbed);
            runs.Add(run);
            (written, all) = (written + run.Entries, all + entries);
        }

        Assert.Equal(all, runs.Sum(run => run.Entries));
        Assert.Equal(runs.Skip(1).Select(run => run.First), runs.SkipLast(1).Select(run => run.Last + 1));
        Assert.InRange(runs.Max(run => run.Entries), 0, 2_500_000);
        Assert.InRange(runs.Count, 1, 40 + all / 262_144);
        Assert.InRange(written, all, 8 * all);
    }

    [Fact]
    public void Keys_tell_orgs_kinds_and_ids_apart()
    {
        string[] ids = ["", "a", "b", "aaaa", "aaaaaaaa", "aaaaaaab", "aaaa\0", "0190f3a2-7c1e-7000-8000-000000000000", "0190f3a2-7c1e-7000-8000-000000000001"];
        var keys = ids.SelectMany(id => Enum.GetValues<UsageIdKind>().SelectMany(kind => new[] { 1, 5 }.Select(org => IdEntry.KeyOf(org, kind, id)))).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.All(keys, key => Assert.Contains(key >> 32, new[] { 1L, 5L }));
    }

    // The hash is stored: another one finds nothing in what was stored before.
    [Fact]
    public void The_hash_of_an_id_never_changes() => Assert.Equal(6_231_734_191, IdEntry.KeyOf(1, UsageIdKind.Trace, "0af7651916cd43dd8448eb211c80319c"));
}
