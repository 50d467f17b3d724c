using Tieout.Core.Money;

namespace Tieout.Core.Invoicing.Shared;

/// <summary>What a line of a split is of.</summary>
public enum SharedCostKind
{
    /// <summary>Of a cost: it is split. Of a line: a tenant's part.</summary>
    Shared = 1,

    /// <summary>Nobody used it: it stays with the platform.</summary>
    Idle,

    /// <summary>It cannot be told whose it is: it stays with the platform.</summary>
    Unallocated,
}

/// <param name="Name">As the bill names it.</param>
/// <param name="Cost">May be below zero, as a credit is.</param>
public sealed record SharedCostItem(SharedCostKind Kind, string Name, Amount Cost);

/// <param name="Weight">Zero or more, in the unit of the method.</param>
public readonly record struct TenantWeight(string Org, Int128 Weight);

/// <param name="Org">Null: not a tenant's.</param>
/// <param name="Weight">Zero where it is not a tenant's.</param>
public sealed record SharedCostLine(SharedCostKind Kind, string? Org, Int128 Weight, Amount Amount);

/// <summary>Splits a cost over tenants, to the nano-unit. Pure: the same input gives the same lines, in whatever order it comes.</summary>
public static class SharedCostSplit
{
    /// <summary>The whole of fixed parts: 100 percent in hundredths of a percent.</summary>
    public const int FixedWhole = 10_000;

    /// <summary>The largest sum of weights, so that a weight times a cost of <see cref="Amount.TransferMax"/> fits 128 bits.</summary>
    public const long WeightMax = 1_000_000_000_000_000_000;

    /// <param name="weights">Each tenant once. For <see cref="SharedCostMethod.Fixed"/> they sum to <see cref="FixedWhole"/> at most.</param>
    /// <returns>Tenants by name, then what is idle, then what is unallocated; they sum to the costs exactly. A tenant without weight has no line.</returns>
    /// <exception cref="ArgumentException">See <see cref="Validate"/>.</exception>
    public static IReadOnlyList<SharedCostLine> Of(SharedCostMethod method, IReadOnlyList<SharedCostItem> costs, IReadOnlyList<TenantWeight> weights)
    {
        if (Validate(method, costs, weights) is { } flaw) throw new ArgumentException(flaw, nameof(costs));
        var (shared, idle, unallocated) = (Sum(costs, SharedCostKind.Shared), Sum(costs, SharedCostKind.Idle), Sum(costs, SharedCostKind.Unallocated));
        var tenants = weights.Where(tenant => tenant.Weight > 0).OrderBy(tenant => tenant.Org, StringComparer.Ordinal).ToList();
        var taken = tenants.Aggregate(Int128.Zero, static (sum, tenant) => sum + tenant.Weight);

        // The part that no tenant takes is one more part, the last one, so that equal remainders go to tenants first.
        var free = method == SharedCostMethod.Fixed ? FixedWhole - taken : taken == 0 ? 1 : Int128.Zero;
        List<Int128> parts = [.. tenants.Select(tenant => tenant.Weight * shared.Nanos), free * shared.Nanos];
        var amounts = LargestRemainder.Share(shared.Nanos, parts, taken + free);
        var lines = tenants.Select((tenant, i) => new SharedCostLine(SharedCostKind.Shared, tenant.Org, tenant.Weight, new Amount(amounts[i]))).ToList();
        unallocated += new Amount(amounts[^1]);
        if (idle != Amount.Zero) lines.Add(new(SharedCostKind.Idle, Org: null, 0, idle));
        if (unallocated != Amount.Zero) lines.Add(new(SharedCostKind.Unallocated, Org: null, 0, unallocated));
        Invariant.Holds(lines.Sum(line => line.Amount) == costs.Sum(cost => cost.Cost), "I1", $"a split by {method.Id} does not sum to its cost");
        return lines;
    }

    /// <summary>Why it cannot be split; null: it can.</summary>
    public static string? Validate(SharedCostMethod method, IReadOnlyList<SharedCostItem> costs, IReadOnlyList<TenantWeight> weights)
    {
        var shared = Sum(costs, SharedCostKind.Shared);
        if (shared.Nanos < 0) return $"The cost to split is {shared}: credits are larger than costs. Nobody can be charged less than nothing.";
        if (shared > Amount.TransferMax) return $"The cost to split is {shared}: the largest that can be split at once is {Amount.TransferMax}.";
        if (weights.Any(tenant => tenant.Weight < 0)) return "A weight is below zero.";
        if (weights.Select(tenant => tenant.Org).Distinct(StringComparer.Ordinal).Count() < weights.Count) return "A tenant is named twice.";
        var sum = weights.Aggregate(Int128.Zero, static (all, tenant) => all + Int128.Min(tenant.Weight, (Int128)WeightMax + 1));
        if (sum > WeightMax) return $"The weights sum to more than {WeightMax}.";
        return method == SharedCostMethod.Fixed && sum > FixedWhole ? "The fixed parts sum to more than 100 percent." : null;
    }

    private static Amount Sum(IReadOnlyList<SharedCostItem> costs, SharedCostKind kind) => costs.Where(cost => cost.Kind == kind).Sum(cost => cost.Cost);
}
