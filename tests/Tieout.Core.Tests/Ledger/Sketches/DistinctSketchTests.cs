using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Sketches;

namespace Tieout.Core.Tests.Ledger.Sketches;

public sealed class DistinctSketchTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(1_500);

    /// <summary>Numbers of users, few enough that users come again, and around the number where counting becomes estimating.</summary>
    private static readonly Gen<List<int>> AnyUsers =
        from names in Gen.Elements(1, 20, 499, 501, 700, 100_000)
        from users in Gen.Choose(1, names).ListOf()
        select users.ToList();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(500)]
    public void Up_to_500_users_are_counted_exactly_however_often_they_come(int users)
    {
        var sketch = Of(Enumerable.Range(0, users).Concat(Enumerable.Range(0, users).Reverse()));
        Assert.Equal((users, true), (sketch.Count, sketch.IsExact));
    }

    // Goal: the stated error, from the first estimate to a million users. Method: a hundred crowds of each size; the mean of their squared errors, and the
    // mean of their errors, since an estimate must not lean to one side.
    [Theory]
    [InlineData(501)]
    [InlineData(1_000)]
    [InlineData(3_000)]
    [InlineData(10_000)]
    [InlineData(20_000)]
    [InlineData(100_000)]
    public void Beyond_500_users_the_standard_error_is_as_stated(int users)
    {
        const int crowds = 100;
        var (squares, sum) = (0.0, 0.0);
        for (var crowd = 0; crowd < crowds; crowd++)
        {
            var sketch = new DistinctSketch();
            for (var user = 0; user < users; user++) sketch.Add(DistinctSketch.HashOf(1, RowDigest.Mixed((ulong)(crowd * 10_000_000L + user))));
            Assert.False(sketch.IsExact);
            var error = (sketch.Count - users) / (double)users;
            (squares, sum) = (squares + error * error, sum + error);
        }

        const double stated = DistinctSketch.StandardErrorBasisPoints / 10_000.0;
        Assert.InRange(Math.Sqrt(squares / crowds), 0, 1.25 * stated);
        Assert.InRange(sum / crowds, -stated / 3, stated / 3);
    }

    [Fact]
    public void A_million_users_are_estimated_as_well()
    {
        var sketch = Of(Enumerable.Range(0, 1_000_000));
        Assert.InRange(sketch.Count, 1_000_000 * 0.95, 1_000_000 * 1.05);
    }

    [Fact]
    public void The_same_users_have_the_same_bytes_however_often_they_come_and_however_they_are_ordered_and_merged() => Check.One(Runs, Prop.ForAll(
        Arb.From(
            from users in AnyUsers
            from parts in Gen.Choose(1, 5)
            from shuffled in Gen.Shuffle(users.ToArray())
            select (users, parts, shuffled)),
        made =>
        {
            var merged = new DistinctSketch();
            foreach (var part in made.shuffled.Select((one, i) => (one, i)).GroupBy(pair => pair.i % made.parts, pair => pair.one))
            {
                merged.Add(DistinctSketch.Read(Of(part).Bytes())!);
            }

            var distinct = made.users.Distinct().Count();
            return merged.Bytes().SequenceEqual(Of(made.users.Distinct()).Bytes()) && merged.IsExact == distinct <= DistinctSketch.ExactMax
                && (!merged.IsExact || merged.Count == distinct) && merged.Bytes().Length <= 3_072;
        }));

    [Fact]
    public void Estimates_merge_with_counts_and_with_estimates()
    {
        var (many, few, others) = (Of(Enumerable.Range(0, 5_000)), Of(Enumerable.Range(4_900, 200)), Of(Enumerable.Range(3_000, 5_000)));
        few.Add(many);
        Assert.Equal(Of(Enumerable.Range(0, 5_100)).Bytes(), few.Bytes());
        many.Add(others);
        Assert.Equal(Of(Enumerable.Range(0, 8_000)).Bytes(), many.Bytes());
    }

    [Theory]
    [InlineData("00")]
    [InlineData("000000000002000000000001")]
    [InlineData("000000000001000000000001")]
    public void Bytes_that_are_never_written_are_refused(string hex) => Assert.Null(DistinctSketch.Read(Convert.FromHexString(hex)));

    [Fact]
    public void Registers_that_are_never_written_are_refused()
    {
        var bytes = Of(Enumerable.Range(0, 5_000)).Bytes();
        Assert.NotNull(DistinctSketch.Read(bytes));
        bytes[0] = 0xFF;
        Assert.Null(DistinctSketch.Read(bytes));
        Assert.Null(DistinctSketch.Read(new byte[3_006]));
    }

    [Fact]
    public void A_user_of_another_org_is_another_user()
    {
        var sketch = new DistinctSketch();
        var ann = IdEntry.WideHashOf(UsageIdKind.EndUser, "ann");
        sketch.Add(DistinctSketch.HashOf(1, ann));
        sketch.Add(DistinctSketch.HashOf(6, ann));
        sketch.Add(DistinctSketch.HashOf(6, IdEntry.WideHashOf(UsageIdKind.EndUser, "bob")));
        Assert.Equal(3, sketch.Count);
    }

    // The hash is stored: with another one, everyone who was stored before would be counted again.
    [Fact]
    public void The_hash_of_a_user_never_changes() =>
        Assert.Equal(203_838_419_018_503UL, DistinctSketch.HashOf(1, IdEntry.WideHashOf(UsageIdKind.EndUser, "ann")));

    private static DistinctSketch Of(IEnumerable<int> users)
    {
        var sketch = new DistinctSketch();
        foreach (var user in users) sketch.Add(DistinctSketch.HashOf(1, RowDigest.Mixed((ulong)user)));
        return sketch;
    }
}
