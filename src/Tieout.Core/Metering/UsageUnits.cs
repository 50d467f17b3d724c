using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Tieout.Core.Metering;

/// <summary>Every unit there is. Names and quantities agree with the public genai-prices registry; a test compares them.</summary>
public static class UsageUnits
{
    /// <summary>No unit's <see cref="UsageUnit.Max"/> is larger.</summary>
    public const long CountMax = 1_000_000_000_000;

    private static readonly string[] Modalities = ["text", "audio", "image", "video"];

    public static ImmutableArray<UsageUnit> All { get; } = Numbered();

    private static readonly FrozenDictionary<string, UsageUnit> ByName = All.ToFrozenDictionary(unit => unit.Name, StringComparer.Ordinal);

    public static UsageUnit InputTokens { get; } = ByName["input_tokens"];
    public static UsageUnit OutputTokens { get; } = ByName["output_tokens"];
    public static UsageUnit CacheReadTokens { get; } = ByName["cache_read_tokens"];
    public static UsageUnit CacheWriteTokens { get; } = ByName["cache_write_tokens"];
    public static UsageUnit ReasoningTokens { get; } = ByName["output_reasoning_tokens"];
    /// <summary>One GPU for one second. Priced by the hour, as GPUs are.</summary>
    public static UsageUnit GpuSeconds { get; } = ByName["gpu_seconds"];

    /// <summary>One replica of something without GPUs for one second.</summary>
    public static UsageUnit InstanceSeconds { get; } = ByName["instance_seconds"];
    public static UsageUnit Requests { get; } = ByName["requests"];

    /// <summary>What the provider itself says the attempt cost, as a count of nano-units of the list's asset.</summary>
    /// <remarks>A count like any other, so that a charge by the provider's own figure can be recomputed from the record.</remarks>
    public static UsageUnit ReportedCost { get; } = ByName["reported_cost_nanos"];

    public static UsageUnit? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>
    /// The most of a unit of this family that one record may count. More is a provider's mistake or an attack, and is refused where it is
    /// read. Tokens: 16 windows of 10 million, the largest window there is. Durations and the time of machines are in seconds.
    /// </summary>
    internal static long MaxOf(string family) => family switch
    {
        "tokens" => 160_000_000,
        "characters" or "gpu_time" or "instance_time" => 1_000_000_000,
        "durations" => 10_000_000,
        "pixels" or "reported_cost" => CountMax,
        _ => 1_000_000,
    };

    private static ImmutableArray<UsageUnit> Numbered()
    {
        var all = Listed().ToImmutableArray();
        foreach (var (index, unit) in all.Index()) unit.Index = index;
        return all;
    }

    private static IEnumerable<UsageUnit> Listed() =>
    [
        .. Tokens(null),
        .. Modalities.SelectMany(Tokens),
        new("input_characters", 1_000_000, "characters", "input"),
        new("input_text_messages", 1_000, "messages", "input", "text"),
        new("audio_seconds", 3_600, "durations", null, "audio"),
        new("input_audio_seconds", 3_600, "durations", "input", "audio"),
        new("output_audio_seconds", 3_600, "durations", "output", "audio"),
        new("input_pixels", 1_000_000_000, "pixels", "input"),
        new("input_document_pages", 1_000, "document_pages", "input"),
        new("input_annotated_document_pages", 1_000, "document_pages", "input", null, "annotated"),
        new("rerank_searches", 1_000, "rerank"),
        new("web_searches", 1_000, "tool_calls", null, null, "web_search"),
        new("social_searches", 1_000, "tool_calls", null, null, "social_search"),
        new("storage_searches", 1_000, "tool_calls", null, null, "storage_search"),
        new("code_executions", 1_000, "tool_calls", null, null, "code_execution"),
        new("requests", 1_000, "requests"),
        new("gpu_seconds", 3_600, "gpu_time"),
        new("instance_seconds", 3_600, "instance_time"),
        new("reported_cost_nanos", 1_000_000_000, "reported_cost"),
    ];

    /// <summary>The classes of tokens, of one modality or, with null, of any.</summary>
    private static IEnumerable<UsageUnit> Tokens(string? modality)
    {
        var of = modality is null ? "" : modality + "_";
        return
        [
            Unit($"input_{of}tokens", "input"),
            Unit($"output_{of}tokens", "output"),
            Unit($"cache_{of}read_tokens", "input", "cache_read"),
            Unit($"cache_{of}write_tokens", "input", "cache_write"),
            Unit($"cache_{of}write_5m_tokens", "input", "cache_write", "5m"),
            Unit($"cache_{of}write_1h_tokens", "input", "cache_write", "1h"),
            Unit($"input_{of}tool_tokens", "input", "tool"),
            Unit($"output_{of}reasoning_tokens", "output", "reasoning"),
            Unit($"output_{of}citation_tokens", "output", "citation"),
        ];

        UsageUnit Unit(string name, string direction, string? type = null, string? lifetime = null) =>
            new(name, 1_000_000, "tokens", direction, modality, type, lifetime);
    }
}
