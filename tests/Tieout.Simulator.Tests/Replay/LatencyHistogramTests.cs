using FsCheck;
using FsCheck.Fluent;
using Tieout.Simulator.Replay;

namespace Tieout.Simulator.Tests.Replay;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Nothing_added_is_zero() => Assert.Equal(TimeSpan.Zero, new LatencyHistogram().Quantile(500));

    [Fact]
    public void A_quantile_is_at_most_one_part_in_a_thousand_above_the_exact_one() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonEmptyArray<PositiveInt>>(), numbers =>
        {
            // Cubes, so that a few small numbers cover microseconds to hours.
            var micros = numbers.Get.Select(number => (long)number.Get * number.Get * number.Get).Order().ToArray();
            var histogram = new LatencyHistogram();
            foreach (var value in micros) histogram.Add(TimeSpan.FromMicroseconds(value));

            return new[] { 1, 500, 990, 1000 }.All(perMille =>
            {
                var exact = micros[Math.Max(1, (micros.Length * perMille + 999) / 1000) - 1];
                var read = histogram.Quantile(perMille).Ticks / TimeSpan.TicksPerMicrosecond;
                return read >= exact && read - exact <= exact / 1000;
            });
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_out_of_range_counts_at_its_edge()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(TimeSpan.FromTicks(-5));
        histogram.Add(TimeSpan.MaxValue);

        Assert.Equal(TimeSpan.Zero, histogram.Quantile(500));
        Assert.InRange(histogram.Quantile(1000).TotalDays, 3, 4);
    }
}
