using System.Collections.Immutable;
using System.Text.Json;

namespace Tieout.Core.Spike.Truncation;

/// <summary>Decides what of a conversation goes on to the model. Pure: bytes in, parts to keep out.</summary>
/// <remarks>
/// A cut is only before a message with the user's own words that begins a turn, and only where every call of a tool before it has its results before it. So
/// calls and results are never parted, in whatever order the results come, and the first message that goes on is the user's. Messages of the system or the
/// developer go on from wherever they are, and so does the user's last turn. A request that cannot be cut so goes on as it is (G2).
/// </remarks>
public static class ContextTruncation
{
    internal const int DepthMax = 128;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = DepthMax, AllowDuplicateProperties = false };

    /// <param name="body">A request.</param>
    public static ContextCut Decide(ReadOnlyMemory<byte> body, ContextDialect dialect, in ContextWindow window)
    {
        try
        {
            var list = ContextList.Find(body.Span, dialect);
            if (list.Result is { } none) return ContextCut.Whole(none);

            // Most conversations are short, and need no closer look. There are no more messages than elements.
            if (!window.InTokens && window.CutAt(list.Elements.Count) == 0) return ContextCut.Whole(ContextCutResult.Within, list.Elements.Count);
            return Decide(body, list.Elements, dialect, window);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not UTF-8.
            return ContextCut.Whole(ContextCutResult.Unreadable);
        }
    }

    private static ContextCut Decide(ReadOnlyMemory<byte> body, List<Range> elements, ContextDialect dialect, in ContextWindow window)
    {
        var (calls, isFixed) = (new OpenCalls(), new bool[elements.Count]);
        var turns = new List<(int Element, long Before, int Messages)>();
        var (length, messages, last) = (0L, 0, ContextPart.Other);
        for (var i = 0; i < elements.Count; i++)
        {
            var areClosed = calls.IsEmpty;
            var part = PartOf(body[elements[i]], dialect, calls);
            if (part is ContextPart.Unknown) return ContextCut.Whole(ContextCutResult.Unknown);
            if (part is ContextPart.Orphan) return ContextCut.Whole(ContextCutResult.Orphan);
            isFixed[i] = part is ContextPart.Fixed;
            if (isFixed[i]) continue;
            if (part is ContextPart.User && areClosed && last is not ContextPart.User) turns.Add((i, length, messages));
            length += window.InTokens ? ContextTokens.Of(body.Span[elements[i]]) : 1;
            messages++;
            last = part;
        }

        var cut = window.CutAt(length);
        if (cut == 0) return ContextCut.Whole(ContextCutResult.Within, messages);

        // The latest turn that begins at the cut or before it. Later messages never change which one that is, so the cut stays until it moves by a block.
        var (begin, before, cutMessages) = turns.FindLast(turn => turn.Before <= cut);
        return before == 0 && cutMessages == 0
            ? ContextCut.Whole(ContextCutResult.OneTurn, messages)
            : new(ContextCutResult.Cut, Kept(body.Length, elements, isFixed, begin), messages, cutMessages);
    }

    private static ContextPart PartOf(ReadOnlyMemory<byte> element, ContextDialect dialect, OpenCalls calls)
    {
        using var json = JsonDocument.Parse(element, Strict);
        if (json.RootElement.ValueKind is not JsonValueKind.Object) return ContextPart.Unknown;
        return dialect switch
        {
            ContextDialect.OpenAiChat => OpenAiChatParts.Of(json.RootElement, calls),
            ContextDialect.OpenAiResponses => OpenAiResponsesParts.Of(json.RootElement, calls),
            _ => AnthropicParts.Of(json.RootElement, calls),
        };
    }

    /// <summary>The body without the elements before <paramref name="begin"/> that are not fixed. Each goes with the comma behind it, so the rest stays JSON:
    /// the element at <paramref name="begin"/> is behind all of them.</summary>
    private static ImmutableArray<Range> Kept(int length, List<Range> elements, bool[] isFixed, int begin)
    {
        var kept = ImmutableArray.CreateBuilder<Range>();
        var from = 0;
        for (var i = 0; i < begin; i++)
        {
            if (isFixed[i]) continue;
            if (elements[i].Start.Value > from) kept.Add(from..elements[i].Start.Value);
            from = elements[i + 1].Start.Value;
        }

        kept.Add(from..length);
        return kept.ToImmutable();
    }
}
