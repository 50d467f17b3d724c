using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;

namespace Tieout.Core.Tests.Reconciliation;

public sealed class SplitTests
{
    private static readonly string[] Causes = ["late", "retry", "hidden", "price_version", "unknown_key", "estimated"];

    private static readonly Gen<Candidate[]> Known =
        from amounts in Gen.Choose(-2_000_000_000, 2_000_000_000).ArrayOf(Causes.Length)
        select amounts.Select((amount, i) => new Candidate(Causes[i], new Amount(amount), "")).ToArray();

    [Fact]
    public void R1_whatever_the_difference_the_parts_sum_to_it_exactly() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(Arb.From(Known), Arb.From(Gen.Choose(-2_000_000_000, 2_000_000_000)), Arb.From(Gen.Choose(0, 10)), (known, difference, slack) =>
            Sum(Split.Of(new Amount(difference), known, new Amount(slack))) == new Amount(difference)));

    [Fact]
    public void R1_up_to_three_planted_causes_and_rounding_are_told_by_name() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2_000),
        Prop.ForAll(Arb.From(Known), Arb.From(Gen.Choose(1, 41)), Arb.From(Gen.Choose(-3, 3)), (known, chosen, rounding) =>
        {
            var planted = known.Where((candidate, i) => (chosen >> i & 1) == 1 && candidate.Amount != Amount.Zero).ToArray();
            if (planted.Length > 3) return true;
            var difference = planted.Aggregate(new Amount(rounding), (sum, candidate) => sum + candidate.Amount);

            var parts = Split.Of(difference, known, new Amount(3));

            var rest = parts.Where(part => part.Cause == Split.Rounding).Sum(part => part.Amount);
            return Sum(parts) == difference && rest == new Amount(rounding)
                && parts.Where(part => part.Cause != Split.Rounding).Select(part => part.Cause).Order().SequenceEqual(
                    planted.Select(candidate => candidate.Cause).Order());
        }));

    [Fact]
    public void Nothing_is_claimed_on_suspicion()
    {
        var parts = Split.Of(new Amount(100), [new("late", new Amount(60), ""), new("retry", new Amount(30), "")], Amount.Zero);
        Assert.Equal((Split.Unexplained, new Amount(100)), (Assert.Single(parts).Cause, parts[0].Amount));
    }

    [Fact]
    public void Of_guesses_that_are_alike_at_most_one_explains()
    {
        Candidate[] guesses = [new("not_counted", new Amount(60), "", Guessed: true), new("not_counted", new Amount(40), "", Guessed: true)];
        Assert.Equal(Split.Unexplained, Assert.Single(Split.Of(new Amount(100), guesses, Amount.Zero)).Cause);
        Assert.Equal(2, Split.Of(new Amount(100), [.. guesses, new("late", new Amount(40), "")], Amount.Zero).Length);
    }

    [Fact]
    public void The_fewest_causes_win_and_among_equals_the_earlier()
    {
        Candidate[] known = [new("a", new Amount(1), ""), new("b", new Amount(2), ""), new("c", new Amount(3), ""), new("d", new Amount(3), "")];
        Assert.Equal("c", Assert.Single(Split.Of(new Amount(3), known, Amount.Zero)).Cause);
    }

    private static Amount Sum(IEnumerable<CausePart> parts) => parts.Sum(part => part.Amount);
}
