using Tieout.Core;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>The newest <see cref="Routes"/>. A request uses the same one from its beginning to its end.</summary>
internal sealed class CurrentRoutes(ServerOptions options) : IDisposable
{
    private Routes _current = new(options);
    private ConfigurationState _state = new(Version: 1, LoadedAt: Instant.From(options.Time.GetUtcNow()), Error: null);

    public Routes Get() => Volatile.Read(ref _current);

    public ConfigurationState State => Volatile.Read(ref _state);

    /// <summary>Replaces the whole configuration, except options that need a restart. One caller at a time.</summary>
    public void Replace(ServerOptions read)
    {
        var next = options with { Providers = read.Providers, Models = read.Models, Limits = read.Limits, Gateway = read.Gateway };
        Volatile.Write(ref _current, new(next, _current));
        Volatile.Write(ref _state, new(State.Version + 1, Instant.From(options.Time.GetUtcNow()), Error: null));
    }

    /// <summary>Reports that the file is invalid. The old configuration stays in force.</summary>
    public void Reject(string error) => Volatile.Write(ref _state, State with { Error = error });

    public void Dispose() => _current.Dispose();
}

/// <param name="Version">1 for the configuration that the server started with.</param>
/// <param name="Error">Why the current file is not in force; null: it is.</param>
internal sealed record ConfigurationState(int Version, Instant LoadedAt, string? Error);
