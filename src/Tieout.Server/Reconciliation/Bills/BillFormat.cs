using System.Collections.Frozen;
using Tieout.Core.Reconciliation;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>One line of a bill, as far as it can be compared.</summary>
/// <param name="Day">In UTC, as <c>yyyy-MM-dd</c>; null: the line spans more than a day.</param>
/// <param name="Figure">In the format's own unit.</param>
/// <param name="Place">Where it stands, for what is refused.</param>
internal sealed record BillLine(string? Day, decimal Figure, string Place)
{
    public string? Project { get; init; }
    public string? Key { get; init; }
    public string? Model { get; init; }
    public string? Provider { get; init; }
    public string? Measure { get; init; }

    /// <summary>Why no usage of ours can answer to it; null: it is usage.</summary>
    public string? Aside { get; init; }

    /// <summary>Where the format has it: which machine the line is of, for what appears twice.</summary>
    public string? Node { get; init; }

    /// <summary>The machine as its cloud names it; null: the line does not say.</summary>
    public string? ProviderId { get; init; }

    /// <summary>Null: the format has none; empty: the line lacks it.</summary>
    public string? InstanceType { get; init; }
}

/// <summary>One form of bill: what it can be compared by, and how it is read.</summary>
/// <param name="Provider">The provider it is of, whose usage alone is compared; null: any.</param>
/// <param name="Fields">What its lines can be told apart by.</param>
/// <param name="UnitsPerMajor">100 where it counts cents.</param>
/// <param name="Counts">What it counts, and the same of our own records; empty: money.</param>
/// <param name="Read">Hands on line by line; throws <see cref="Http.ApiRefusedException"/> for what it cannot read for certain.</param>
internal sealed record BillFormat(
    string Name, string? Provider, TieField[] Fields, int UnitsPerMajor, (string Measure, Func<Tally, Int128> Count)[] Counts,
    Func<Stream, string?, Action<BillLine>, CancellationToken, Task> Read)
{
    private static readonly (string, Func<Tally, Int128>)[] Money = [];

    public static FrozenDictionary<string, BillFormat> All { get; } = new BillFormat[]
    {
        new("openai-costs", "openai", [TieField.Day, TieField.Project, TieField.Model], 1, Money, OpenAiBills.ReadCostsAsync),
        new(
            "openai-usage", "openai", [TieField.Day, TieField.Project, TieField.Key, TieField.Model], 1,
            [("input_tokens", t => t.InputTokens), ("input_cached_tokens", t => t.CacheReadTokens), ("output_tokens", t => t.OutputTokens),
                ("num_model_requests", t => t.Attempts - t.Failures)],
            OpenAiBills.ReadUsageAsync),
        new("anthropic-cost", "anthropic", [TieField.Day, TieField.Project, TieField.Model], 100, Money, AnthropicBills.ReadCostAsync),
        new(
            "anthropic-usage", "anthropic", [TieField.Day, TieField.Project, TieField.Key, TieField.Model], 1,
            [
                ("uncached_input_tokens", t => t.InputTokens - t.CacheReadTokens - t.CacheWriteTokens), ("cache_read_input_tokens", t => t.CacheReadTokens),
                ("cache_creation_input_tokens", t => t.CacheWriteTokens), ("output_tokens", t => t.OutputTokens),
            ],
            AnthropicBills.ReadUsageAsync),
        new("openrouter", "openrouter", [TieField.Day, TieField.Model], 1, Money, OpenRouterBills.ReadAsync),
        new("focus", null, [TieField.Day, TieField.Project, TieField.Key, TieField.Model, TieField.Provider], 1, Money, FocusBills.ReadAsync),
        new("opencost", null, [TieField.Day, TieField.Project], 1, Money, OpenCostBills.ReadAsync),
    }.ToFrozenDictionary(format => format.Name, StringComparer.Ordinal);

    public bool IsCounts => Counts.Length > 0;
}
