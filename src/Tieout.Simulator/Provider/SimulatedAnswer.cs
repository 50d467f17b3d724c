using System.Buffers;

namespace Tieout.Simulator.Provider;

/// <summary>All that rendering one answer needs. The same answer renders to the same bytes.</summary>
/// <param name="Id">16 hexadecimal digits; each dialect sets its own prefix before them.</param>
/// <param name="CreatedUnixSeconds">UTC.</param>
/// <param name="Tool">The one tool that is called in place of a text; null: a text.</param>
internal sealed record SimulatedAnswer(
    string Id, long CreatedUnixSeconds, SimulatedRequest Request, SimulatedUsage Usage, SimulatedFaults Faults, string? Tool = null)
{
    /// <summary>A call's arguments are always these: whoever calls a simulated tool wants the call, not the arguments.</summary>
    public const string ToolArguments = """{"question":"one sum for all"}""";

    /// <summary>Tokens that become text: those of the completion that are not reasoning.</summary>
    public int TextTokens => Usage.CompletionTokens - Usage.ReasoningTokens;

    /// <summary>A choice's share of the text; all of them together are all of it.</summary>
    public int TextTokensOf(int choice) => Share(choice + 1) - Share(choice);

    private int Share(int choices) => (int)((long)choices * TextTokens / Request.Choices);
}

/// <summary>An answer as bytes, rendered whole before the first one leaves, with the places where a stream pauses.</summary>
internal sealed class RenderedAnswer
{
    private readonly List<int> _ends = [];

    public ArrayBufferWriter<byte> Bytes { get; } = new(1024);

    /// <summary>Null: JSON, or for a stream an event stream.</summary>
    public string? ContentType { get; set; }

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
