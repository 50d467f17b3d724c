using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Invoicing.Shared;
using Tieout.Core.Money;

namespace Tieout.Core.Tests.Invoicing;

/// <summary>A shared cost is split to the nano-unit, and nothing but the input decides how.</summary>
public sealed class SharedCostSplitTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(40);

    private static readonly Gen<SharedCostItem> AnyCost =
        from kind in Gen.Elements(SharedCostKind.Shared, SharedCostKind.Shared, SharedCostKind.Idle, SharedCostKind.Unallocated)
        from nanos in Gen.Elements(0L, 1L, 7L, 999_999_999L, 1_000_000_007L, -3L)
        from times in Gen.Choose(1, 1_000_000)
        select new SharedCostItem(kind, $"{kind}-{nanos}", new Amount(nanos * times));

    private static readonly Gen<TenantWeight[]> AnyWeights =
        from weights in Gen.Elements<long>(0, 1, 1, 3, 1_000_003, 1_000_000_000_000).ListOf()
        select weights.Take(20).Select((weight, i) => new TenantWeight($"org-{i * 7 % 20:00}", weight)).ToArray();

    private static readonly Gen<(SharedCostMethod Method, SharedCostItem[] Costs, TenantWeight[] Weights)> AnySplit =
        from method in Gen.Elements(SharedCostMethod.All.ToArray())
        from costs in AnyCost.ListOf()
        from weights in AnyWeights
        select (method, costs.ToArray(), method == SharedCostMethod.Fixed ? [.. weights.Select(one => one with { Weight = one.Weight % 500 })] : weights);

    [Fact]
    public void I1_the_lines_sum_to_the_cost_and_no_tenants_part_is_negative_or_a_nano_unit_off() => Check.One(Runs, Prop.ForAll(Arb.From(AnySplit), made =>
    {
        if (SharedCostSplit.Validate(made.Method, made.Costs, made.Weights) is not null) return true;
        var lines = SharedCostSplit.Of(made.Method, made.Costs, made.Weights);
        var shared = made.Costs.Where(cost => cost.Kind == SharedCostKind.Shared).Sum(cost => cost.Cost).Nanos;
        var whole = made.Method == SharedCostMethod.Fixed ? SharedCostSplit.FixedWhole : made.Weights.Aggregate(Int128.Zero, (sum, one) => sum + one.Weight);
        return lines.Sum(line => line.Amount) == made.Costs.Sum(cost => cost.Cost)
            && lines.Where(line => line.Org is not null).All(line =>
                line.Amount.Nanos >= 0 && Int128.Abs((line.Amount.Nanos * whole) - (shared * line.Weight)) < whole)
            && lines.Where(line => line.Org is not null).Select(line => line.Org).SequenceEqual(
                made.Weights.Where(one => one.Weight > 0).Select(one => one.Org).Order(StringComparer.Ordinal));
    }));

    [Fact]
    public void I1_the_order_of_the_input_decides_nothing_and_the_same_input_gives_the_same_lines() => Check.One(Runs, Prop.ForAll(Arb.From(AnySplit), made =>
    {
        if (SharedCostSplit.Validate(made.Method, made.Costs, made.Weights) is not null) return true;
        var lines = SharedCostSplit.Of(made.Method, made.Costs, made.Weights);
        return lines.SequenceEqual(SharedCostSplit.Of(made.Method, made.Costs, made.Weights))
            && lines.SequenceEqual(SharedCostSplit.Of(
                made.Method, [.. made.Costs.Reverse()], [.. made.Weights.OrderBy(one => one.Org.GetHashCode(StringComparison.Ordinal))]));
    }));

    [Fact]
    public void Idle_and_unallocated_cost_and_what_nobody_agreed_to_take_stay_lines_of_their_own()
    {
        SharedCostItem[] costs =
        [
            new(SharedCostKind.Shared, "nodes", Amount.Parse("100")), new(SharedCostKind.Idle, "idle", Amount.Parse("7")),
            new(SharedCostKind.Unallocated, "mounts", Amount.Parse("3")),
        ];

        Assert.Equal(
            ["acme 33.333333334", "beta 33.333333333", "zeta 33.333333333", "Idle 7", "Unallocated 3"],
            Said(SharedCostMethod.Even, costs, ("zeta", 1), ("acme", 1), ("beta", 1)));
        Assert.Equal(["acme 60", "beta 15.5", "Idle 7", "Unallocated 27.5"], Said(SharedCostMethod.Fixed, costs, ("acme", 6_000), ("beta", 1_550)));
        Assert.Equal(["Idle 7", "Unallocated 103"], Said(SharedCostMethod.ByTokens, costs, ("acme", 0)));
        Assert.Equal(["acme 100", "Idle 7", "Unallocated 3"], Said(SharedCostMethod.ByTokens, costs, ("acme", 5), ("beta", 0)));
    }

    [Theory]
    [InlineData("-1", 1, "credits are larger than costs")]
    [InlineData("9000000001", 1, "the largest that can be split at once is 9000000000")]
    [InlineData("1", -1, "A weight is below zero.")]
    [InlineData("1", SharedCostSplit.WeightMax, "The weights sum to more than")]
    public void A_split_that_cannot_be_exact_is_refused_with_a_sentence(string cost, long weight, string said)
    {
        var flaw = SharedCostSplit.Validate(
            SharedCostMethod.ByTokens, [new(SharedCostKind.Shared, "c", Amount.Parse(cost))], [new("acme", weight), new("beta", 1)]);
        Assert.Contains(said, flaw, StringComparison.Ordinal);
    }

    [Fact]
    public void The_largest_cost_and_weights_fit() => Assert.Equal(
        ["acme 8999999999.999999991", "beta 0.000000009"],
        Said(SharedCostMethod.ByTokens, [new(SharedCostKind.Shared, "c", Amount.TransferMax)], ("acme", SharedCostSplit.WeightMax - 1), ("beta", 1)));

    private static IEnumerable<string> Said(SharedCostMethod method, SharedCostItem[] costs, params (string Org, long Weight)[] weights) =>
        SharedCostSplit.Of(method, costs, [.. weights.Select(one => new TenantWeight(one.Org, one.Weight))]).Select(line => $"{line.Org ?? line.Kind.ToString()} {line.Amount}");
}
