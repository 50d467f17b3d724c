using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tieout.Simulator.Replay;

namespace Tieout.Simulator.Provider;

/// <summary>What one answer uses, as the provider itself bills it.</summary>
/// <param name="PromptTokens">Cached and cache-written ones included, whatever the dialect's own way to say it.</param>
/// <param name="CachedTokens">Part of the prompt.</param>
/// <param name="CompletionTokens">All choices together, reasoning included.</param>
/// <param name="ReasoningTokens">Part of the completion; they have no text.</param>
/// <param name="StoppedByLimit">The answer would have been longer than the request allowed.</param>
internal sealed record SimulatedUsage(
    int PromptTokens, int CachedTokens, int CompletionTokens, int ReasoningTokens, bool StoppedByLimit)
{
    public static readonly SimulatedUsage None = new(0, 0, 0, 0, false);

    /// <summary>An answer's length where neither a header, a trace nor the request says one.</summary>
    private const int CompletionTokensDefault = 16;

    /// <summary>Text is 4 bytes a token: how an answer is written, and how a prompt of unknown count is estimated.</summary>
    public const int BytesPerToken = 4;

    /// <summary>How long a file of unknown length is: about that of a compressed recording of speech.</summary>
    private const int BytesPerAudioSecond = 16_000;

    /// <summary>Bounds the size of an answer: 4 MB of text.</summary>
    public const int TokensMax = 1_000_000;

    /// <summary>Part of the prompt, like <see cref="CacheWrite1hTokens"/>.</summary>
    public int CacheWrite5mTokens { get; init; }

    public int CacheWrite1hTokens { get; init; }

    public int Images { get; init; }

    public int AudioSeconds { get; init; }

    /// <summary>Unicode characters spoken.</summary>
    public int Characters { get; init; }

    /// <summary>Calls of models inside this one, on top of all the other counts.</summary>
    public IReadOnlyList<ServedIteration> Iterations { get; init; } = [];

    public int CacheWriteTokens => CacheWrite5mTokens + CacheWrite1hTokens;

    /// <summary>The prompt without what was read from or written to the cache.</summary>
    public int FreshTokens => PromptTokens - CachedTokens - CacheWriteTokens;

    public long TotalTokens => (long)PromptTokens + CompletionTokens;

    /// <summary>The headers say; where they do not, the trace's row; else an estimate from the request itself.</summary>
    /// <exception cref="SimulatedRequestException">A header is not a count.</exception>
    public static SimulatedUsage Of(SimulatedRequest request, IHeaderDictionary headers, TraceRow? row)
    {
        var prompt = Count(headers, "X-Sim-Prompt-Tokens") ?? row?.InputTokens ?? Estimate(request.TextBytes);
        var limit = (long?)request.CompletionTokensMax * request.Choices;
        var wanted = Count(headers, "X-Sim-Completion-Tokens") ?? row?.OutputTokens ?? limit ?? CompletionTokensDefault * request.Choices;
        var completion = (int)Math.Min(Math.Min(wanted, limit ?? wanted), TokensMax);
        var cached = Math.Min(Count(headers, "X-Sim-Cached-Tokens") ?? row?.CachedTokens ?? 0, prompt);
        var reasoning = Math.Min(Count(headers, "X-Sim-Reasoning-Tokens") ?? 0, completion);
        var write5m = Math.Min(Count(headers, "X-Sim-Cache-Write-5m-Tokens") ?? 0, prompt - cached);
        return new(prompt, cached, completion, reasoning, wanted > completion)
        {
            CacheWrite5mTokens = write5m,
            CacheWrite1hTokens = Math.Min(Count(headers, "X-Sim-Cache-Write-1h-Tokens") ?? 0, prompt - cached - write5m),
            AudioSeconds = Count(headers, "X-Sim-Audio-Seconds") ?? (request.AudioBytes + BytesPerAudioSecond - 1) / BytesPerAudioSecond,
            Characters = request.Characters,
            Iterations = [
                .. headers["X-Sim-Iterations"].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Iteration)],
        };
    }

    /// <summary>The count half-way through the answer, as providers that report while they stream would send it.</summary>
    public SimulatedUsage HalfWay() => this with { CompletionTokens = CompletionTokens / 2, ReasoningTokens = ReasoningTokens / 2 };

    private static int Estimate(long textBytes) => (int)Math.Clamp((textBytes + BytesPerToken - 1) / BytesPerToken, 1, int.MaxValue);

    private static int? Count(IHeaderDictionary headers, string name)
    {
        if (!headers.TryGetValue(name, out var values)) return null;
        return Number(values.ToString()) ?? throw new SimulatedRequestException($"{name}: '{values}' is not a whole number.", name);
    }

    private static ServedIteration Iteration(string text) => text.Split(':') is [{ Length: > 0 } type, var model, var prompt, var completion]
        && Number(prompt) is { } promptTokens && Number(completion) is { } completionTokens
        ? new(type, model.Length == 0 ? null : model, promptTokens, completionTokens)
        : throw new SimulatedRequestException($"X-Sim-Iterations: '{text}' is not TYPE:[MODEL]:PROMPT-TOKENS:COMPLETION-TOKENS.", "X-Sim-Iterations");

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
