using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Traces;

namespace Tieout.Server.SimulatedProvider;

/// <summary>What one answer uses, as the provider itself bills it.</summary>
/// <param name="PromptTokens">Cached ones included.</param>
/// <param name="CachedTokens">Part of the prompt.</param>
/// <param name="CompletionTokens">Reasoning included.</param>
/// <param name="ReasoningTokens">Part of the completion; they have no text.</param>
/// <param name="StoppedByLimit">The answer would have been longer than the request allowed.</param>
internal readonly record struct SimulatedUsage(
    int PromptTokens, int CachedTokens, int CompletionTokens, int ReasoningTokens, bool StoppedByLimit)
{
    /// <summary>An answer's length where neither a header, a trace nor the request says one.</summary>
    private const int CompletionTokensDefault = 16;

    /// <summary>Text is 4 bytes a token: how an answer is written, and how a prompt of unknown count is estimated.</summary>
    public const int BytesPerToken = 4;

    /// <summary>Bounds the size of an answer: 4 MB of text.</summary>
    public const int TokensMax = 1_000_000;

    /// <summary>The headers say; where they do not, the trace's row; else an estimate from the request itself.</summary>
    /// <exception cref="SimulatedRequestException">A header is not a count.</exception>
    public static SimulatedUsage Of(SimulatedRequest request, IHeaderDictionary headers, TraceRow? row)
    {
        var prompt = Count(headers, "X-Sim-Prompt-Tokens") ?? row?.InputTokens ?? Estimate(request.TextBytes);
        var wanted = Count(headers, "X-Sim-Completion-Tokens") ?? row?.OutputTokens ?? request.CompletionTokensMax ?? CompletionTokensDefault;
        var completion = Math.Min(Math.Min(wanted, request.CompletionTokensMax ?? wanted), TokensMax);
        var cached = Math.Min(Count(headers, "X-Sim-Cached-Tokens") ?? row?.CachedTokens ?? 0, prompt);
        var reasoning = Math.Min(Count(headers, "X-Sim-Reasoning-Tokens") ?? 0, completion);
        return new(prompt, cached, completion, reasoning, wanted > completion);
    }

    /// <summary>The count half-way through the answer, as providers that report while they stream would send it.</summary>
    public SimulatedUsage HalfWay() => this with { CompletionTokens = CompletionTokens / 2, ReasoningTokens = ReasoningTokens / 2 };

    private static int Estimate(long textBytes) => (int)Math.Clamp((textBytes + BytesPerToken - 1) / BytesPerToken, 1, int.MaxValue);

    private static int? Count(IHeaderDictionary headers, string name)
    {
        if (!headers.TryGetValue(name, out var values)) return null;
        if (int.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)) return count;
        throw new SimulatedRequestException($"{name}: '{values}' is not a whole number of tokens.", name);
    }
}
