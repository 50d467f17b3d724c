using System.Diagnostics;
using Tieout.Simulation.Running;

namespace Tieout.Simulation.LongChaos;

/// <summary>One gateway process that can be killed, stopped, and started again with a clock that is wrong.</summary>
internal sealed class ChaosNode : IAsyncDisposable
{
    /// <summary>Debian's package libfaketime; <c>./test --long</c> installs it.</summary>
    private const string WrongClock = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

    private readonly Platform _platform;
    private readonly string _data;
    private readonly string _config;
    private TieoutProcess? _process;

    public ChaosNode(Platform platform, string folder, string name, string configuration)
    {
        _platform = platform;
        _data = Path.Combine(folder, $"node-{name}");
        _config = Path.Combine(folder, $"node-{name}.yaml");
        File.WriteAllText(_config, configuration);
    }

    public string Url { get; } = $"http://127.0.0.1:{TieoutProcess.FreePort()}";

    /// <param name="clockSkew">For example <c>+90s</c>; null: the right time.</param>
    public async Task StartAsync(string? clockSkew)
    {
        var environment = new Dictionary<string, string>(_platform.Environment);
        if (clockSkew is not null)
        {
            Assert.True(File.Exists(WrongClock), "The package libfaketime is missing: ./test --long installs it.");
            (environment["LD_PRELOAD"], environment["FAKETIME"], environment["FAKETIME_DONT_FAKE_MONOTONIC"]) = (WrongClock, clockSkew, "1");
        }

        _process = await TieoutProcess.StartAsync(Url, environment, "serve", "--data", _data, "--listen", Url, "--config", _config);
    }

    /// <summary>Fails if the process ended although nobody ended it.</summary>
    public void AssertRuns(string after) => Assert.False(_process is { HasEnded: true }, $"A node ended by itself after '{after}':\n{_process?.Printed}");

    public async Task KillAsync()
    {
        if (_process is null) return;
        await _process.DisposeAsync();
        _process = null;
    }

    public Task PauseAsync() => SignalAsync("-STOP");

    public Task ResumeAsync() => SignalAsync("-CONT");

    public async ValueTask DisposeAsync() => await KillAsync();

    private async Task SignalAsync(string signal) => await Process.Start("kill", [signal, $"{_process!.Id}"]).WaitForExitAsync();
}
