using System.Text;
using Tieout.Core.Ledger;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Reads one answer as it passes, whole or event by event, and tells the meter what was used.</summary>
internal abstract class AnswerReader
{
    /// <summary>Bounds what one answer can have recorded.</summary>
    private const int MadeMax = 256;

    private List<(ObjectKind Kind, string Id)>? _made;

    /// <summary>Whether the stream has come to its end, as far as its events say.</summary>
    public bool IsWhole { get; protected set; }

    /// <summary>It was accepted and is being worked at: its usage comes with a later answer.</summary>
    public bool IsPending { get; protected set; }

    /// <summary>Under which name the provider keeps the answer; null: it does not.</summary>
    public string? StoredId { get; protected set; }

    /// <summary>What else the provider keeps since this answer: conversations, items, containers, files.</summary>
    public IReadOnlyList<(ObjectKind Kind, string Id)> Made => (IReadOnlyList<(ObjectKind, string)>?)_made ?? [];

    /// <summary>Takes in an answer that is no stream.</summary>
    public abstract void Whole(ReadOnlySpan<byte> body);

    /// <summary>Takes in one event of a stream.</summary>
    /// <param name="payload">What stands after <c>data:</c>, or one element of an array.</param>
    public abstract Passage Event(ReadOnlySpan<byte> payload);

    /// <param name="id">As it is in the answer, without quotes; empty: there is none.</param>
    protected void Make(ObjectKind kind, ReadOnlySpan<byte> id)
    {
        if (id.IsEmpty || id.Length > ProviderObject.IdLengthMax || _made?.Count == MadeMax) return;
        var made = (kind, Encoding.UTF8.GetString(id));
        if (!(_made ??= []).Contains(made)) _made.Add(made);
    }
}

/// <summary>How an event passes.</summary>
/// <param name="Ends">From here on the stream is at its end: held back until the usage is durable (M4).</param>
/// <param name="Last">Nothing comes after it.</param>
/// <param name="Drop">It is there for our wish alone, and does not pass.</param>
/// <param name="Cut">A part of the payload that is there for our wish alone; null: none.</param>
internal readonly record struct Passage(bool Ends = false, bool Last = false, bool Drop = false, Range? Cut = null);
