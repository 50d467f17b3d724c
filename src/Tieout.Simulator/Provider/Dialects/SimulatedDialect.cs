namespace Tieout.Simulator.Provider.Dialects;

/// <summary>How one endpoint of one provider reads requests and writes answers. One file each; the rest is common.</summary>
internal abstract class SimulatedDialect
{
    /// <summary><c>openai</c>, <c>anthropic</c> or <c>gemini</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The end of its path as it stands in the log, for example <c>chat/completions</c>.</summary>
    public abstract string Endpoint { get; }

    /// <summary>Answered, but not on the bill.</summary>
    public virtual bool Free => false;

    /// <summary>Whether a POST to <paramref name="path"/> is for this dialect. Only the end is compared: a base path is the caller's choice.</summary>
    public virtual bool Answers(string path) =>
        path.EndsWith(Endpoint, StringComparison.Ordinal) && path.AsSpan(0, path.Length - Endpoint.Length) is [.., '/'];

    /// <exception cref="SimulatedRequestException">The request misses something or has the wrong form.</exception>
    /// <exception cref="System.Text.Json.JsonException">The body is not JSON.</exception>
    public abstract SimulatedRequest Read(SimulatedInput input);

    /// <summary>What of the counts this endpoint uses, in its own units.</summary>
    public virtual SimulatedUsage Use(SimulatedUsage counted, SimulatedRequest request) => counted with { AudioSeconds = 0 };

    /// <summary>Told of each answer that is no error, before it is written.</summary>
    public virtual void Answered(SimulatedAnswer answer)
    {
    }

    /// <summary>Writes a body that is not a stream, as one part.</summary>
    public abstract void WriteWhole(SimulatedAnswer answer, RenderedAnswer rendered);

    /// <summary>Writes a stream, each event a part. Asked only of those that read requests for streams.</summary>
    public virtual void WriteStream(SimulatedAnswer answer, RenderedAnswer rendered) =>
        throw new NotSupportedException($"{Endpoint} has no streams.");

    /// <param name="status">400, 404, 429 or 500.</param>
    /// <param name="field">What the message is about, for 400.</param>
    public abstract void WriteError(int status, string message, string? field, RenderedAnswer rendered);
}
