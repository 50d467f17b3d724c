using System.Text.Json.Serialization;

namespace Tieout.Simulator.Provider;

/// <summary>One line of the provider's own bill: what it answered to one call and what that used.</summary>
/// <remarks>
/// A call that was answered with 200 is billed whole, whether or not the answer arrived: a provider has generated
/// what it cut off or what nobody waited for. Any other status used nothing, and neither does what is free.
/// </remarks>
/// <param name="Call">1 for the first call since the start or the last reset.</param>
/// <param name="Dialect"><c>openai</c>, <c>anthropic</c> or <c>gemini</c>.</param>
/// <param name="Endpoint">The end of the path that it answers to, for example <c>chat/completions</c> or <c>responses/{id}</c>.</param>
/// <param name="Id">As in the answer, without the dialect's prefix; null when there was none.</param>
/// <param name="PromptTokens">Cached and cache-written ones included, also where the dialect itself counts them apart.</param>
/// <param name="CompletionTokens">Reasoning included, also where the dialect itself counts it apart.</param>
/// <param name="Fault">What was made to go wrong, in the form of <c>X-Sim-Fault</c>; null when nothing.</param>
/// <param name="AuthorizationSha256">Hexadecimal SHA-256 of the whole <c>Authorization</c> header; null when there was none. The header itself is kept
/// nowhere.</param>
/// <param name="Headers">Those that say whose call it was: <c>X-Sim-*</c>, <c>Tieout-*</c>, correlation, request and trace ids.</param>
public sealed record ServedCall(
    long Call, DateTimeOffset At, string Dialect, string Endpoint, int Status, string? Id, string? Model, bool Stream,
    int PromptTokens, int CachedTokens, int CompletionTokens, int ReasoningTokens,
    string? Fault, string? AuthorizationSha256, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Answered, and not free.</summary>
    public bool Billed { get; init; }

    /// <summary>Part of the prompt.</summary>
    [JsonPropertyName("cache_write_5m_tokens")]
    public int CacheWrite5mTokens { get; init; }

    /// <summary>Part of the prompt.</summary>
    [JsonPropertyName("cache_write_1h_tokens")]
    public int CacheWrite1hTokens { get; init; }

    public int Images { get; init; }

    public int AudioSeconds { get; init; }

    /// <summary>Unicode characters spoken.</summary>
    public int Characters { get; init; }

    /// <summary>Calls of models inside this one, on top of the other counts.</summary>
    public IReadOnlyList<ServedIteration> Iterations { get; init; } = [];

    /// <summary>The batch that this was a line of, with its prefix; null for a call of its own.</summary>
    public string? BatchId { get; init; }

    /// <summary>Every credential that arrived: the name of its header (or <c>key</c>, of the query), and the SHA-256 of its value.</summary>
    public IReadOnlyDictionary<string, string> CredentialsSha256 { get; init; } = new Dictionary<string, string>();
}

/// <summary>A call of a model that a provider makes inside an answer, at that model's own price.</summary>
/// <param name="Type">For example <c>advisor_message</c> or <c>compaction</c>.</param>
/// <param name="Model">Null: the model that was asked.</param>
public sealed record ServedIteration(string Type, string? Model, int PromptTokens, int CompletionTokens);

/// <summary>The sum of the bill.</summary>
/// <param name="Calls">All that were answered, whatever the status.</param>
/// <param name="PromptTokens">Without iterations, like all sums here.</param>
/// <param name="ByStatus">Calls by status code.</param>
/// <param name="Unlisted">Calls that are counted here but no longer listed in the log in memory, which has a limit.</param>
public sealed record ServedTotals(
    long Calls, long Billed, long PromptTokens, long CachedTokens, long CompletionTokens, long ReasoningTokens,
    IReadOnlyDictionary<int, long> ByStatus, long Unlisted)
{
    /// <summary>Both kinds together.</summary>
    public long CacheWriteTokens { get; init; }

    public long Images { get; init; }

    public long AudioSeconds { get; init; }

    public long Characters { get; init; }

    /// <summary>Prompt and completion tokens of all iterations.</summary>
    public long IterationTokens { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ServedCall))]
[JsonSerializable(typeof(IReadOnlyList<ServedCall>))]
[JsonSerializable(typeof(ServedTotals))]
internal sealed partial class ServedJson : JsonSerializerContext;
