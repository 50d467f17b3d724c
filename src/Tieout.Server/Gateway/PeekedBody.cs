using System.Buffers;
using System.IO.Pipelines;

namespace Tieout.Server.Gateway;

/// <summary>An answer's body whose first bytes are looked at before it is read.</summary>
internal sealed class PeekedBody
{
    /// <summary>The longest beginning of a line of events is <c>retry:</c>.</summary>
    private const int FieldBytesMax = 8;

    private readonly PipeReader _body;

    public PeekedBody(Stream body)
    {
        _body = PipeReader.Create(body);
        Stream = _body.AsStream();
    }

    /// <summary>The whole body, from its first byte on.</summary>
    public Stream Stream { get; }

    /// <summary>Whether the body begins as server-sent events do: with a field or a comment.</summary>
    /// <returns>False, too, where the body ends or breaks off before that shows.</returns>
    public async Task<bool> IsOfEventsAsync(AttemptDeadline deadline)
    {
        try
        {
            while (true)
            {
                deadline.StartRead();
                var read = await _body.ReadAsync(deadline.Token);
                var beginning = Beginning(read.Buffer);
                _body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                if (beginning.Length == FieldBytesMax || beginning.AsSpan().Contains((byte)':') || read.IsCompleted) return IsOfEvents(beginning);
            }
        }
        catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException)
        {
            // The caller reads the body next, meets the same failure, and reports it.
            return false;
        }
    }

    private static bool IsOfEvents(ReadOnlySpan<byte> beginning) =>
        beginning.StartsWith("data:"u8) || beginning.StartsWith("event:"u8) || beginning.StartsWith("id:"u8) || beginning.StartsWith("retry:"u8)
        || beginning.StartsWith(":"u8);

    /// <summary>The first bytes after blank lines.</summary>
    private static byte[] Beginning(ReadOnlySequence<byte> bytes)
    {
        var reader = new SequenceReader<byte>(bytes);
        reader.AdvancePastAny((byte)'\r', (byte)'\n');
        return reader.UnreadSequence.Slice(0, Math.Min(FieldBytesMax, reader.Remaining)).ToArray();
    }
}
