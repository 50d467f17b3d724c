using System.Text;
using Tieout.Core.Ledger;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Reads one answer as it passes, whole or event by event, and gives its usage to the meter.</summary>
internal abstract class AnswerReader
{
    /// <summary>Bounds the objects recorded for one answer.</summary>
    private const int MadeMax = 256;

    private List<(ObjectKind Kind, string Id)>? _made;

    /// <summary>Whether the events of the stream show that it is complete.</summary>
    public bool IsWhole { get; protected set; }

    /// <summary>The provider has accepted the request and works on it in the background. A later answer has the usage.</summary>
    public bool IsPending { get; protected set; }

    /// <summary>Id under which the provider stores the answer; null: it does not.</summary>
    public string? StoredId { get; protected set; }

    /// <summary>Other objects that the provider stores since this answer: conversations, items, containers, files.</summary>
    public IReadOnlyList<(ObjectKind Kind, string Id)> Made => (IReadOnlyList<(ObjectKind, string)>?)_made ?? [];

    /// <summary>Reads an answer that is no stream.</summary>
    public abstract void Whole(ReadOnlySpan<byte> body);

    /// <summary>Reads one event of a stream.</summary>
    /// <param name="payload">The text after <c>data:</c>, or one element of an array.</param>
    public abstract Passage Event(ReadOnlySpan<byte> payload);

    /// <param name="id">Bytes of the id in the answer, without quotes; empty: there is none.</param>
    protected void Make(ObjectKind kind, ReadOnlySpan<byte> id)
    {
        if (id.IsEmpty || id.Length > ProviderObject.IdLengthMax || _made?.Count == MadeMax) return;
        var made = (kind, Encoding.UTF8.GetString(id));
        if (!(_made ??= []).Contains(made)) _made.Add(made);
    }
}

/// <summary>How an event is relayed.</summary>
/// <param name="Ends">The end of the stream begins here. It is held back until the usage is durable (M4).</param>
/// <param name="Last">No event follows.</param>
/// <param name="Drop">The provider sends the event only because the gateway asked for usage. The client does not get it.</param>
/// <param name="Cut">The part of the payload that the provider sends only because the gateway asked for usage; null: none.</param>
internal readonly record struct Passage(bool Ends = false, bool Last = false, bool Drop = false, Range? Cut = null);
