namespace Tieout.Simulator.Traffic;

/// <summary>What a model's provider asks, in whole nano-dollars for each token. 1,000 is one dollar a million.</summary>
/// <param name="Input">Tokens of the prompt that no cache had.</param>
/// <param name="CacheRead">Tokens of the prompt that the provider's cache had.</param>
/// <param name="CacheWrite">Tokens of the prompt that were put into the cache.</param>
/// <param name="Output">Tokens of the answer, reasoning included.</param>
public readonly record struct TrafficPrices(long Input, long CacheRead, long CacheWrite, long Output)
{
    internal TrafficPrices Times(double factor) =>
        new((long)(Input * factor), (long)(CacheRead * factor), (long)(CacheWrite * factor), (long)(Output * factor));
}

/// <summary>A price list: in force from an hour on, for one model.</summary>
/// <param name="Provider">Who asks the prices.</param>
/// <param name="Model">The model they are for.</param>
/// <param name="Version">0 is the list before anything was planted; a later list has a higher number.</param>
/// <param name="From">The first hour it is in force, UTC.</param>
/// <param name="Prices">The prices themselves.</param>
public sealed record TrafficPriceList(string Provider, string Model, int Version, DateTimeOffset From, TrafficPrices Prices);

/// <summary>A model that traffic is sent to.</summary>
internal sealed record TrafficModel(string Provider, string Name, TrafficPrices Prices, bool Reasons)
{
    /// <summary>Relations as public lists of 2025 have them: reads of the cache at a tenth to a half, answers at four to eight times the prompt.</summary>
    public static readonly IReadOnlyList<TrafficModel> All =
    [
        new("anthropic", "sonnet", new(3_000, 300, 3_750, 15_000), false),
        new("anthropic", "haiku", new(1_000, 100, 1_250, 5_000), false),
        new("anthropic", "opus", new(5_000, 500, 6_250, 25_000), true),
        new("openai", "large", new(1_250, 125, 1_250, 10_000), true),
        new("openai", "mini", new(250, 25, 250, 2_000), true),
        new("openai", "omni", new(2_500, 1_250, 2_500, 10_000), false),
        new("google", "pro", new(1_250, 310, 1_250, 10_000), true),
        new("google", "flash", new(300, 75, 300, 2_500), false),
    ];
}
