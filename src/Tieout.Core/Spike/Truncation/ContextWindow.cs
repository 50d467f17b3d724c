namespace Tieout.Core.Spike.Truncation;

/// <summary>How much of a conversation goes on to the model, and in which steps the rest is cut off.</summary>
/// <remarks>
/// A cut depends on the length of the whole conversation alone, so every server and every turn finds the same one, and nothing is remembered. It moves by whole
/// blocks: between two moves the messages that go on begin with the same bytes, so that the provider's cache of them survives.
/// </remarks>
/// <param name="InTokens">Lengths are estimated tokens; otherwise messages. System and developer messages count in neither.</param>
/// <param name="Keep">Messages: at least so many of the last go on. Tokens: at most about so many go on.</param>
/// <param name="Block">By how much a cut moves at once. Tokens: less than <paramref name="Keep"/>.</param>
public readonly record struct ContextWindow(bool InTokens, long Keep, long Block)
{
    /// <summary>The most messages that a rule may name.</summary>
    public const int MessagesMax = 10_000;

    /// <summary>The least tokens of a window: a shorter one would cut what nearly every request needs.</summary>
    public const int TokensMin = 1_000;

    /// <summary>The most tokens of a window.</summary>
    public const int TokensMax = 10_000_000;

    /// <summary>The window of a rule that has one.</summary>
    public static ContextWindow Of(MitigationRule rule)
    {
        if (rule.ContextTokens is { } tokens) return new(InTokens: true, tokens, rule.Block ?? Math.Max(1, tokens * 2L / 5));
        var messages = rule.Messages ?? MessagesMax;
        return new(InTokens: false, messages, rule.Block ?? messages);
    }

    /// <summary>How much of the beginning may be cut off: a multiple of <see cref="Block"/>, or 0.</summary>
    /// <param name="length">Of the whole conversation.</param>
    public long CutAt(long length)
    {
        if (length <= Keep) return 0;

        // Messages: the last are never fewer than asked for. Tokens: what goes on is never above the window by more than a turn.
        var blocks = InTokens ? (length - Keep + Block - 1) / Block : (length - Keep) / Block;
        return blocks * Block;
    }
}
