using Tieout.Analysis.Change;

namespace Tieout.Analysis.Tests.Change;

public sealed class FactorProductTests
{
    [Fact]
    public void T1_effects_are_the_mean_over_all_orders_in_which_factors_can_change()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var count = random.Next(1, 9);
            var (before, after) = (Values(random, count), Values(random, count));
            var effects = new double[count];
            FactorProduct.AddEffects(before, after, effects);

            for (var i = 0; i < count; i++) Near(OverAllOrders(before, after, i), effects[i]);
            Near(after.Aggregate(1d, (product, each) => product * each) - before.Aggregate(1d, (product, each) => product * each), effects.Sum());
        }
    }

    [Fact]
    public void A_product_of_too_many_factors_is_refused() =>
        Assert.Throws<ArgumentException>(() => FactorProduct.AddEffects(new double[9], new double[9], new double[9]));

    private static void Near(double expected, double actual) => Assert.True(
        Math.Abs(expected - actual) <= 1e-9 * Math.Max(1, Math.Abs(expected)), $"{expected} was expected, {actual} came.");

    private static double[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(5) == 0 ? 0 : random.NextDouble() * 4 - (random.Next(6) == 0 ? 2 : 0))];

    /// <summary>Each order is a permutation; only the set of factors that changed earlier counts, and how many orders have it.</summary>
    private static double OverAllOrders(double[] before, double[] after, int factor)
    {
        var (count, sum) = (before.Length, 0d);
        for (var set = 0; set < 1 << count; set++)
        {
            if ((set >> factor & 1) == 1) continue;
            var size = int.PopCount(set);
            var others = 1d;
            for (var i = 0; i < count; i++)
            {
                if (i != factor) others *= (set >> i & 1) == 1 ? after[i] : before[i];
            }

            sum += Factorial(size) * Factorial(count - 1 - size) / Factorial(count) * (after[factor] - before[factor]) * others;
        }

        return sum;
    }

    private static double Factorial(int number) => number <= 1 ? 1 : number * Factorial(number - 1);
}
