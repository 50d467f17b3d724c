using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tieout.Simulation.Running;

/// <summary>One real <c>tieout</c> process, so that it can be killed as the world kills processes.</summary>
internal sealed class TieoutProcess : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly Process _process;
    private readonly List<string> _lines = [];

    private TieoutProcess(Process process) => _process = process;

    /// <summary>What it has printed so far, for the message of a test that fails.</summary>
    public string Printed
    {
        get
        {
            lock (_lines) return string.Join('\n', _lines.TakeLast(50));
        }
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A busy machine may take long; what never becomes ready still ends.</summary>
    private static readonly TimeSpan ReadyMax = TimeSpan.FromSeconds(120);

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>Starts it and returns once <c>/healthz</c> at <paramref name="url"/> answers.</summary>
    public static async Task<TieoutProcess> StartAsync(string url, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var tieout = Launch(environment, arguments);
        for (var waited = Stopwatch.StartNew(); ;)
        {
            if (tieout._process.HasExited)
            {
                throw new InvalidOperationException($"tieout {string.Join(' ', arguments)} ended with {tieout._process.ExitCode}:\n{tieout.Printed}");
            }

            if (await IsReadyAsync(url)) return tieout;
            if (waited.Elapsed > ReadyMax)
            {
                // Nobody has it, so nobody else can end it.
                await tieout.KillAsync();
                throw new TimeoutException($"tieout {string.Join(' ', arguments)} was not ready in {ReadyMax.TotalSeconds} s:\n{tieout.Printed}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        await using var tieout = Launch(environment, arguments);
        await tieout._process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token);
        lock (tieout._lines) return (tieout._process.ExitCode, string.Join('\n', tieout._lines));
    }

    private static async Task<bool> IsReadyAsync(string url)
    {
        try
        {
            using var answer = await Http.GetAsync($"{url}/healthz");
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>kill -9: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private static TieoutProcess Launch(IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        // A file that may not grow is to be an error of the write, as on a full disk, and not a signal that ends the process.
        var start = new ProcessStartInfo(
            "sh", ["-c", "trap '' XFSZ; exec \"$@\"", "sh", "dotnet", Path.Combine(AppContext.BaseDirectory, "tieout.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        start.Environment["NO_COLOR"] = "1";
        var tieout = new TieoutProcess(new Process { StartInfo = start });
        tieout._process.OutputDataReceived += tieout.Keep;
        tieout._process.ErrorDataReceived += tieout.Keep;
        tieout._process.Start();
        tieout._process.BeginOutputReadLine();
        tieout._process.BeginErrorReadLine();
        return tieout;
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null) return;
        lock (_lines) _lines.Add(line.Data);
    }
}
