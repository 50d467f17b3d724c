using Tieout.Simulator.Traffic;

namespace Tieout.Simulator.Tests.Traffic;

/// <summary>Generated traffic is what its scenario says.</summary>
public sealed class TrafficCaseTests
{
    private static readonly TrafficOptions Small = new() { RequestsPerHour = 300 };

    public static TheoryData<int> Numbers => [.. TrafficScenario.All.Select(scenario => scenario.Number)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void The_same_seed_is_the_same_traffic_and_another_is_not(int number)
    {
        var scenario = TrafficScenario.All[number];
        Assert.Equal(number, scenario.Number);
        var (first, again, other) = (TrafficCase.Draw(scenario, 5, Small), TrafficCase.Draw(scenario, 5, Small), TrafficCase.Draw(scenario, 6, Small));
        Assert.Equal(first.Events().Take(2_000), again.Events().Take(2_000));
        Assert.Equal(first.Events().Take(50), first.Events().Take(50));
        Assert.NotEqual(first.Events().Take(50), other.Events().Take(50));
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Requests_come_in_their_hours_and_cost_what_a_list_says(int number)
    {
        var of = TrafficCase.Draw(TrafficScenario.All[number], 3, Small);
        var prices = of.PriceLists.ToDictionary(list => (list.Model, list.Version), list => list.Prices);
        var (last, count) = (of.Start, 0);
        foreach (var each in of.Events())
        {
            var hour = each.At.AddTicks(-(each.At.Ticks % TimeSpan.TicksPerHour));
            Assert.True(hour >= last && each.At < of.End && each.ArrivedAt >= each.At);
            (last, count) = (hour, count + 1);
            var list = prices[(each.Labels.Model, each.PriceVersion)];
            var listed = each.Input * list.Input + each.CacheRead * list.CacheRead + each.CacheWrite * list.CacheWrite
                + (each.Output + each.Reasoning) * list.Output;
            Assert.InRange(each.CostNanos, listed / 3, listed);
        }

        Assert.InRange(count, 10_000, 1_000_000);
    }

    // Goal: sums that are drawn without requests are like those of the requests. Method: requests, tokens and costs of all hours, of cases with other triggers.
    [Theory]
    [InlineData(5)]
    [InlineData(10)]
    [InlineData(13)]
    [InlineData(25)]
    public void Drawn_sums_come_to_what_requests_come_to(int number)
    {
        // Five cases together: retries of one come in bursts, of which chance draws more or fewer.
        var cases = Enumerable.Range(0, 5).Select(seed => TrafficCase.Draw(TrafficScenario.All[number], (ulong)seed, Small)).ToList();
        var (requests, drawn) = (cases.SelectMany(of => TrafficSums.Of(of.Events())).ToList(), cases.SelectMany(of => of.DrawnSums()).ToList());
        var factor = number == 25 ? 1.5 : 1.1;
        foreach (var figure in (Func<TrafficSums, double>[])[sums => sums.Requests, sums => sums.Input, sums => sums.Output, sums => (double)sums.CostNanos])
        {
            Assert.InRange(drawn.Sum(figure) / requests.Sum(figure), 1 / factor, factor);
        }

        Assert.Equal(
            requests.Select(sums => sums.Trigger).Distinct().Order(StringComparer.Ordinal),
            drawn.Select(sums => sums.Trigger).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(cases.Sum(of => of.DrawnSums().Sum(sums => sums.Requests)), drawn.Sum(sums => sums.Requests));
    }

    // Goal: the truth is true. Method: the cost of the hours from the onset on, against the same hours a week before, where the effect says that it rose.
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(18)]
    public void What_was_planted_shows_in_the_cost(int number)
    {
        var (rose, expected) = (0d, 0d);
        for (var seed = 0UL; seed < 5; seed++)
        {
            var of = TrafficCase.Draw(TrafficScenario.All[number], seed);
            var from = of.Start.AddHours(of.Truth.OnsetHour!.Value);
            var (before, after) = (0d, 0d);
            foreach (var sums in TrafficSums.Of(of.Events()))
            {
                if (sums.Hour >= from) after += (double)sums.CostNanos;
                else if (sums.Hour >= from.AddDays(-7) && sums.Hour < of.End.AddDays(-7)) before += (double)sums.CostNanos;
            }

            (rose, expected) = (rose + after / before - 1, expected + of.Truth.Effect);
        }

        Assert.InRange(rose / expected, 0.6, 1.6);
    }

    [Fact]
    public void Adding_up_by_hour_loses_nothing()
    {
        var of = TrafficCase.Draw(TrafficScenario.All[20], 1, Small);
        var (requests, cost, tokens) = (0L, (Int128)0, 0L);
        foreach (var each in of.Events()) (requests, cost, tokens) = (requests + 1, cost + each.CostNanos, tokens + each.Input + each.Output);
        var sums = TrafficSums.Of(of.Events()).ToList();
        Assert.Equal(requests, sums.Sum(sum => sum.Requests));
        Assert.Equal(tokens, sums.Sum(sum => sum.Input + sum.Output));
        Assert.Equal(cost, sums.Aggregate((Int128)0, (sum, each) => sum + each.CostNanos));
        Assert.Equal(sums.Count, sums.Select(sum => (sum.Hour, sum.Labels, sum.Trigger, sum.PriceVersion)).Distinct().Count());
    }
}
