using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;

namespace Tieout.Core.Tests.Reconciliation;

public sealed class BillCausesTests
{
    private static readonly TieSpec Spec = TieSpec.Of(TieField.Day, TieField.Model);

    /// <summary>One bucket of usage, and which of its parts the provider's bill does not share with us.</summary>
    private sealed record Bucket(int Total, int Late, int Retried, int Estimated, int Hidden, int Newer, int Rounding, int Faults);

    private static readonly Gen<Bucket> AnyBucket =
        from total in Gen.Choose(500_000_000, 2_000_000_000)
        from parts in Gen.Choose(1_000, 90_000_000).ArrayOf(5)
        from rounding in Gen.Choose(-4, 4)
        from faults in Gen.Choose(0, 31)
        select new Bucket(total, parts[0], parts[1], parts[2], parts[3], parts[4], rounding, faults);

    [Fact]
    public void R1_residuals_of_a_bill_are_split_into_causes_that_sum_to_the_difference_exactly() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1_000),
        Prop.ForAll(Arb.From(AnyBucket.ListOf().Where(buckets => buckets.Count is > 0 and < 20)), buckets =>
        {
            var (ours, theirs, newer) = Sides(buckets);
            var rows = new BillCauses(Spec, 9, cell => newer.TryGetValue(cell, out var cost) ? [("list@2", cost)] : []).Rows(ours, theirs);
            foreach (var (i, bucket) in buckets.Index())
            {
                var row = rows.Single(row => row.Key.Values[1] == $"m{i}");
                if (row.Parts.Sum(part => part.Amount) != row.Difference) return false;
                if (int.PopCount(bucket.Faults) > 3 || IsAmbiguous(bucket)) continue;
                var causes = row.Parts.Select(part => part.Cause).Where(cause => cause != Split.Rounding).Order();
                if (!causes.SequenceEqual(Planted(bucket).Order())) return false;
            }

            return true;
        }));

    [Fact]
    public void What_only_the_bill_has_is_told_by_the_name_that_is_not_known()
    {
        var (ours, theirs, _) = Sides([new(1, 0, 0, 0, 0, 0, 0, 0)]);
        theirs.Add(new(["2026-11-22", "gpt-stray"]), 3, 1);
        theirs.Add(new(["2026-11-25", "m0"]), 4, 1);
        var rows = new BillCauses(Spec, 9, _ => []).Rows(ours, theirs);
        Assert.Equal("unknown_model", rows.Single(row => row.Key.Values[1] == "gpt-stray").Cause);
        Assert.Equal("missing_left", rows.Single(row => row.Key.Values[0] == "2026-11-25").Cause);
    }

    [Fact]
    public void What_is_missing_on_one_day_and_there_on_the_next_came_late()
    {
        var ours = LedgerSide.Of(Spec, [On(22, "m", 10), On(23, "m", 10)]);
        var theirs = new OutsideSide();
        theirs.Add(new(["2026-11-22", "m"]), 0.000000007m, 1);
        theirs.Add(new(["2026-11-23", "m"]), 0.000000013m, 1);
        var rows = new BillCauses(Spec, 9, _ => []).Rows(ours, theirs);
        Assert.All(rows, row => Assert.Equal("late", row.Cause));
    }

    [Fact]
    public void Tax_and_purchases_of_a_bill_are_no_usage_and_explain_themselves()
    {
        var ours = LedgerSide.Of(Spec, [On(22, "m", 1_000)]);
        var theirs = new OutsideSide();
        theirs.Add(new(["2026-11-22", "m"]), 0.000001m, 1);
        theirs.AddAside(new(["2026-11-22", "m"]), 0.19m, 1, "tax");
        var row = Assert.Single(new BillCauses(Spec, 9, _ => []).Rows(ours, theirs));
        Assert.Equal(("tax", "-0.19"), (row.Cause, row.Difference.ToString()));
    }

    private static DayTally On(int day, string model, long nanos) => new(
        new(2026, 11, day), new() { Org = "acme", Model = model, Source = UsageSource.Gateway }, new() { Attempts = 1, FirstAttempts = 1, Total = new(nanos) });

    private static (LedgerSide Ours, OutsideSide Theirs, Dictionary<LedgerCell, Amount> Newer) Sides(IReadOnlyList<Bucket> buckets)
    {
        var ours = LedgerSide.Of(
            Spec, buckets.Select((bucket, i) => new DayTally(new(2026, 11, 22), new() { Org = "acme", Model = $"m{i}", Source = UsageSource.Gateway }, new()
            {
                Attempts = 8,
                FirstAttempts = 6,
                Total = new(bucket.Total),
                Late = new(bucket.Late),
                Retried = new(bucket.Retried),
                Estimated = new(bucket.Estimated),
                Unreported = new(bucket.Hidden),
            })));
        var theirs = new OutsideSide();
        var newer = new Dictionary<LedgerCell, Amount>();
        foreach (var (i, bucket) in buckets.Index())
        {
            var key = new TieKey(["2026-11-22", $"m{i}"]);
            var billed = bucket.Total + bucket.Rounding + Sum(bucket, bucket.Faults);
            theirs.Add(key, new Amount(billed).ToDecimal(), 1);
            newer[ours.Find(key)!] = new(bucket.Total + bucket.Newer);
        }

        return (ours, theirs, newer);
    }

    /// <summary>Whether other parts, too, sum to the difference by chance: then nobody can say which it was.</summary>
    private static bool IsAmbiguous(Bucket bucket) => Enumerable.Range(0, 32).Any(faults =>
        faults != bucket.Faults && int.PopCount(faults) <= 3 && Math.Abs(Sum(bucket, faults) - Sum(bucket, bucket.Faults)) <= 2 * 9);

    private static long Sum(Bucket bucket, int faults) =>
        new long[] { -bucket.Late, -bucket.Retried, -bucket.Estimated, bucket.Hidden, bucket.Newer }.Where((_, fault) => (faults >> fault & 1) == 1).Sum();

    private static IEnumerable<string> Planted(Bucket bucket) =>
        new[] { "late", "retry", "estimated", "hidden_usage", "price_version" }.Where((_, fault) => (bucket.Faults >> fault & 1) == 1);
}
