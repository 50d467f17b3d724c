using System.Collections.Immutable;

namespace Tieout.Core.Spike.Truncation;

/// <summary>What a truncation does with a request.</summary>
/// <param name="Result">Whether the conversation is cut, and why not.</param>
/// <param name="Kept">Parts of the body that go on, in their order; joined, they are the new body. Empty unless the conversation is cut.</param>
/// <param name="Messages">Messages of the conversation, without those of the system.</param>
/// <param name="MessagesCut">Messages that do not go on.</param>
public readonly record struct ContextCut(ContextCutResult Result, ImmutableArray<Range> Kept, int Messages, int MessagesCut)
{
    /// <summary>The request goes on as it is.</summary>
    public static ContextCut Whole(ContextCutResult result, int messages = 0) => new(result, [], messages, 0);

    /// <summary>The conversation is long enough for a cut, and none keeps it valid.</summary>
    public bool IsFault => Result is ContextCutResult.OneTurn or ContextCutResult.Unknown or ContextCutResult.Orphan or ContextCutResult.Unreadable;
}

/// <summary>How a truncation ends.</summary>
public enum ContextCutResult
{
    /// <summary>The conversation is within the window.</summary>
    Within,

    /// <summary>The beginning is cut off.</summary>
    Cut,

    /// <summary>The request has no list of messages, or continues a conversation that the provider has.</summary>
    NoList,

    /// <summary>The user's last turn is longer than the window, and a turn is never split.</summary>
    OneTurn,

    /// <summary>A message is of a kind whose rules are not known here.</summary>
    Unknown,

    /// <summary>A result of a tool has no call before it.</summary>
    Orphan,

    /// <summary>The body is not the JSON that it should be, or has a member twice.</summary>
    Unreadable,
}
