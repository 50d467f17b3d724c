using System.Buffers;

namespace Tieout.Server.SimulatedProvider;

/// <summary>All that rendering one answer needs. The same answer renders to the same bytes.</summary>
/// <param name="Id">16 hexadecimal digits; each dialect sets its own prefix before them.</param>
/// <param name="CreatedUnixSeconds">UTC.</param>
internal sealed record SimulatedAnswer(
    string Id, long CreatedUnixSeconds, SimulatedRequest Request, SimulatedUsage Usage, SimulatedFaults Faults)
{
    /// <summary>Tokens that become text: those of the completion that are not reasoning.</summary>
    public int TextTokens => Usage.CompletionTokens - Usage.ReasoningTokens;
}

/// <summary>An answer as bytes, rendered whole before the first one leaves, with the places where a stream pauses.</summary>
internal sealed class RenderedAnswer
{
    private readonly List<int> _ends = [];

    public ArrayBufferWriter<byte> Bytes { get; } = new(1024);

    /// <summary>One for a body that is not a stream.</summary>
    public int Parts => _ends.Count;

    public int Length => Bytes.WrittenCount;

    /// <summary>What was written since the last call is one part: one event of a stream.</summary>
    public void EndPart() => _ends.Add(Bytes.WrittenCount);

    public ReadOnlyMemory<byte> Part(int index)
    {
        var start = index == 0 ? 0 : _ends[index - 1];
        return Bytes.WrittenMemory[start.._ends[index]];
    }
}
