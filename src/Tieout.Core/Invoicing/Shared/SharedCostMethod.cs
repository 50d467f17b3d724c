using System.Collections.Immutable;

namespace Tieout.Core.Invoicing.Shared;

/// <summary>How a shared cost is split over tenants. A method never changes: another way of splitting is another version.</summary>
/// <param name="Name">As people choose it.</param>
/// <param name="Version">From 1.</param>
/// <param name="Unit">What a tenant's weight counts.</param>
public sealed record SharedCostMethod(string Name, int Version, string Unit)
{
    /// <summary>By the GPU time that was metered for the tenant in the window.</summary>
    public static SharedCostMethod ByGpuSeconds { get; } = new("by_gpu_seconds", 1, "GPU Seconds");

    /// <summary>By the input and output tokens of the tenant in the window.</summary>
    public static SharedCostMethod ByTokens { get; } = new("by_tokens", 1, "Tokens");

    /// <summary>The same for each tenant that used anything in the window.</summary>
    public static SharedCostMethod Even { get; } = new("even", 1, "Tenants");

    /// <summary>By agreed parts of 100, up to two decimals. The part that nobody agreed to take stays unallocated.</summary>
    public static SharedCostMethod Fixed { get; } = new("fixed", 1, "Hundredths of a percent");

    public static ImmutableArray<SharedCostMethod> All { get; } = [ByGpuSeconds, ByTokens, Even, Fixed];

    /// <summary>Name and version, as records and exports name it.</summary>
    public string Id => $"tieout.{Name}.v{Version}";

    /// <returns>Null: there is no such method.</returns>
    public static SharedCostMethod? Find(string? name) => All.FirstOrDefault(method => method.Name == name);
}
