namespace Tieout.Core.Metering;

/// <summary>How much one attempt used, by unit, as it is stored for ever.</summary>
/// <remarks>
/// Totals include their parts, as in OpenTelemetry: cache reads and writes are parts of <see cref="InputTokens"/>,
/// reasoning is part of <see cref="OutputTokens"/>. Pricing turns the totals into disjoint classes.
/// </remarks>
/// <param name="InputTokens">Tokens in, cached ones included. Zero or more.</param>
/// <param name="CacheReadTokens">Part of <paramref name="InputTokens"/> that was read from a cache.</param>
/// <param name="CacheWriteTokens">Part of <paramref name="InputTokens"/> that was written to a cache, of any lifetime.</param>
/// <param name="OutputTokens">Tokens out, reasoning included. Zero or more.</param>
/// <param name="ReasoningTokens">Part of <paramref name="OutputTokens"/> that the client may never see.</param>
/// <param name="More">Every other unit with a count above zero (audio, images, web searches, the lifetimes of cache writes ...) as
/// one JSON object with sorted names and no spaces, or null. A string, because nearly all records have none and the rest are only ever priced or shown.</param>
public readonly record struct UsageCounts(
    long InputTokens, long CacheReadTokens, long CacheWriteTokens, long OutputTokens, long ReasoningTokens, string? More = null);
