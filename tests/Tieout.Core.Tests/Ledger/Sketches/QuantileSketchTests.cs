using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Ledger.Sketches;

namespace Tieout.Core.Tests.Ledger.Sketches;

public sealed class QuantileSketchTests
{
    private const long LargeTokens = 1_000_000_000_000;

    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(400);

    /// <summary>Counts of all sizes, many of them equal and many next to an edge of a bucket.</summary>
    private static readonly Gen<long> AnyTokens = Gen.OneOf(
        Gen.Choose(0, 300).Select(tokens => (long)tokens),
        Gen.Elements(0L, 127, 128, 129, 255, 256, 257, 4_095, 4_096, 128_000, LargeTokens, long.MaxValue - 1, long.MaxValue),
        from bits in Gen.Choose(0, 40)
        from part in Gen.Choose(0, int.MaxValue)
        select Math.Min(LargeTokens, (1L << bits) + (long)((Int128)(1L << bits) * part / int.MaxValue)));

    private static readonly Gen<List<long>> AnyList = AnyTokens.ListOf().Select(list => list.ToList());

    // Goal: the stated error. Method: every percentile of random counts against that of the sorted list.
    [Fact]
    public void Each_percentile_is_exact_below_128_tokens_and_within_a_128th_above() => Check.One(Runs, Prop.ForAll(Arb.From(AnyList), tokens =>
    {
        var (sketch, sorted) = (Of(tokens), tokens.Order().ToList());
        if (tokens.Count == 0) return sketch.Quantile(50) is null;
        return Enumerable.Range(1, 100).All(percent =>
        {
            var exact = sorted[(int)(((long)percent * sorted.Count + 99) / 100) - 1];
            var error = Int128.Abs((Int128)sketch.Quantile(percent)!.Value - exact);
            return exact < 128 ? error == 0 : error * TokenBuckets.ErrorDivisor <= exact;
        });
    }));

    // Goal: the error is not smaller only where the random counts look. Method: both ends of every bucket.
    [Fact]
    public void Buckets_are_in_order_without_gaps_and_no_count_in_one_is_further_than_a_128th_from_its_middle()
    {
        long first = 0;
        for (var bucket = 0; bucket <= TokenBuckets.Last; bucket++)
        {
            Assert.Equal(bucket, TokenBuckets.Of(first));
            var middle = TokenBuckets.Middle(bucket);
            Assert.True((Int128)(middle - first) * TokenBuckets.ErrorDivisor <= first, $"bucket {bucket} from {first}");
            var last = middle + (middle - first);
            if (last < long.MaxValue && TokenBuckets.Of(last + 1) == bucket) last++;
            Assert.Equal(bucket, TokenBuckets.Of(last));
            Assert.True((Int128)(last - middle) * TokenBuckets.ErrorDivisor <= last, $"bucket {bucket} to {last}");
            if (last == long.MaxValue) Assert.Equal(TokenBuckets.Last, bucket);
            else first = last + 1;
        }
    }

    [Fact]
    public void The_same_counts_have_the_same_bytes_however_they_are_ordered_and_merged() => Check.One(Runs, Prop.ForAll(
        Arb.From(
            from tokens in AnyList
            from parts in Gen.Choose(1, 5)
            from shuffled in Gen.Shuffle(tokens.ToArray())
            select (tokens, parts, shuffled)),
        made =>
        {
            var merged = new QuantileSketch();
            foreach (var part in made.shuffled.Select((one, i) => (one, i)).GroupBy(pair => pair.i % made.parts, pair => pair.one))
            {
                merged.Add(QuantileSketch.Read(Of(part).Bytes())!);
            }

            return merged.Count == made.tokens.Count && merged.Bytes().SequenceEqual(Of(made.tokens).Bytes());
        }));

    [Fact]
    public void Bytes_are_read_back_and_a_sketch_that_was_read_can_be_added_to() => Check.One(Runs, Prop.ForAll(Arb.From(AnyList), tokens =>
    {
        var read = QuantileSketch.Read(Of(tokens).Bytes())!;
        foreach (var one in tokens) read.Add(one);
        return read.Bytes().SequenceEqual(Of([.. tokens, .. tokens]).Bytes());
    }));

    [Fact]
    public void A_thousand_attempts_of_one_kind_take_little_room()
    {
        var random = new Random(5);
        var sketch = Of(Enumerable.Range(0, 1_000).Select(_ => (long)(800 * Math.Exp(random.NextDouble() * 3))));
        Assert.InRange(sketch.Bytes().Length, 100, 700);
        Assert.Equal(2, Of([3_000]).Bytes().Length - 1);
        Assert.Empty(new QuantileSketch().Bytes());
    }

    [Theory]
    [InlineData("05")]
    [InlineData("0500")]
    [InlineData("80")]
    [InlineData("ffffff0701")]
    [InlineData("00ffffffffffffffffff01")]
    [InlineData("00ffffffffffffffff7f00ffffffffffffffff7f")]
    [InlineData("ffffffffffffffffff0101")]
    public void Bytes_that_are_never_written_are_refused(string hex) => Assert.Null(QuantileSketch.Read(Convert.FromHexString(hex)));

    // The buckets are stored: with others, what was stored before would say something else.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(127, 127)]
    [InlineData(128, 128)]
    [InlineData(1_000, 317)]
    [InlineData(128_000, 765)]
    [InlineData(long.MaxValue, 3_711)]
    public void The_bucket_of_a_count_never_changes(long tokens, int bucket) => Assert.Equal(bucket, TokenBuckets.Of(tokens));

    private static QuantileSketch Of(IEnumerable<long> tokens)
    {
        var sketch = new QuantileSketch();
        foreach (var one in tokens) sketch.Add(one);
        return sketch;
    }
}
