namespace Tieout.Simulator.Replay;

/// <summary>One request of recorded traffic: when it came and how large it was. No text, no tenant.</summary>
/// <param name="Offset">Since the first row of the trace. Rows keep the order of their file.</param>
/// <param name="InputTokens">Tokens of the prompt, cached ones included. Zero or more.</param>
/// <param name="OutputTokens">Tokens of the answer. Zero or more.</param>
/// <param name="CachedTokens">The part of <paramref name="InputTokens"/> that earlier rows had sent; null when the trace does not say.</param>
public readonly record struct TraceRow(TimeSpan Offset, int InputTokens, int OutputTokens, int? CachedTokens = null);

/// <summary>A trace file does not have the form it should have. The message names the line.</summary>
public sealed class TraceFormatException(int line, string problem) : FormatException($"Line {line}: {problem}")
{
    /// <summary>One-based, as editors count.</summary>
    public int Line { get; } = line;
}
