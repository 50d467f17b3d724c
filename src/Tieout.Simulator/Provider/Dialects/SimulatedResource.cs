namespace Tieout.Simulator.Provider.Dialects;

/// <summary>Endpoints that keep things and give them back, rather than generate them. None of their calls is billed.</summary>
internal abstract class SimulatedResource
{
    /// <summary>As <see cref="SimulatedDialect.Name"/>.</summary>
    public abstract string Name { get; }

    public abstract bool Answers(string method, string path);

    /// <summary>As it stands in the log, ids left out.</summary>
    public abstract string EndpointOf(string path);

    /// <returns>The status; the body is written.</returns>
    /// <exception cref="SimulatedRequestException">The request misses something or has the wrong form.</exception>
    /// <exception cref="System.Text.Json.JsonException">The body is not JSON.</exception>
    public abstract int Answer(string method, SimulatedInput input, RenderedAnswer rendered);

    /// <param name="status">400, 404, 429 or 500.</param>
    public abstract void WriteError(int status, string message, string? field, RenderedAnswer rendered);
}
