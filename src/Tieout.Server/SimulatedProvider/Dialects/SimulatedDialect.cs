using System.Buffers;

namespace Tieout.Server.SimulatedProvider.Dialects;

/// <summary>How one endpoint of one provider reads requests and writes answers. One file each; the rest is common.</summary>
internal abstract class SimulatedDialect
{
    /// <summary>As it stands in the log, for example <c>openai-chat</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Whether a POST to <paramref name="path"/> is for this dialect. Only the end is compared: a base path is the caller's choice.</summary>
    public abstract bool Answers(string path);

    /// <exception cref="SimulatedRequestException">The request misses something or has the wrong form.</exception>
    /// <exception cref="System.Text.Json.JsonException">The body is not JSON.</exception>
    public abstract SimulatedRequest Read(string path, in ReadOnlySequence<byte> body);

    /// <summary>Writes a body that is not a stream, as one part.</summary>
    public abstract void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered);

    /// <summary>Writes a stream, each event a part.</summary>
    public abstract void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered);

    /// <param name="status">400, 429 or 500.</param>
    /// <param name="field">What the message is about, for 400.</param>
    public abstract void WriteError(int status, string message, string? field, RenderedAnswer rendered);
}
