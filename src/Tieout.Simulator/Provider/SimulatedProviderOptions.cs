namespace Tieout.Simulator.Provider;

/// <summary>How the simulated provider behaves where a request's own <c>X-Sim-*</c> headers do not say.</summary>
public sealed record SimulatedProviderOptions
{
    /// <summary>Where it listens; port 0 takes a free one, which <c>app.Urls</c> then names.</summary>
    public string Listen { get; init; } = "http://127.0.0.1:4081";

    /// <summary>Wait before the first byte of every answer.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.Zero;

    /// <summary>Decides ids and which requests fail: the same seed and order of requests give the same answers.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Share of the requests without an <c>X-Sim-Fault</c> header that fail in one of <see cref="ChaosFaults"/>; 0 to 1.</summary>
    public decimal FaultRate { get; init; }

    /// <summary>What <see cref="FaultRate"/> chooses from, in the form of the <c>X-Sim-Fault</c> header.</summary>
    public IReadOnlyList<string> ChaosFaults { get; init; } = ["429", "500", "slow:200", "cut:2", "no-usage", "usage-twice"];

    /// <summary>A trace whose rows give the token counts of requests in the order they come, beginning again at its end.</summary>
    public string? TracePath { get; init; }

    /// <summary>Appends every answered call to this file, one JSON object a line. Null: memory only.</summary>
    public string? LogPath { get; init; }

    /// <summary>Calls that <c>GET /sim/log</c> lists, at some 500 bytes of memory each; later ones are only counted (and stand in the file, if there is
    /// one).</summary>
    public int CallsListedMax { get; init; } = 200_000;

    /// <summary>What <c>GET /v1/models</c> lists. Any other model is answered too.</summary>
    public IReadOnlyList<string> Models { get; init; } = ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "o4-mini", "claude-sonnet-4-5", "gemini-2.5-pro"];

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
