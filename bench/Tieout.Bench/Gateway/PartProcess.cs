using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace Tieout.Bench.Gateway;

/// <summary>A <see cref="BenchPart"/> as its starter sees it. It ends with its starter, however that ends: its input is closed then.</summary>
internal sealed class PartProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private bool _ended;

    private PartProcess(Process process) => _process = process;

    public Uri Url { get; private set; } = null!;

    /// <exception cref="IOException">It did not start.</exception>
    public static async Task<PartProcess> StartAsync(string part, Uri? upstream = null, string? folder = null)
    {
        // Started as 'dotnet tieout.dll' we are the runtime's process, and say which program to run.
        var self = Environment.ProcessPath!;
        var start = new ProcessStartInfo(self) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(self) == "dotnet") start.ArgumentList.Add(Assembly.GetEntryAssembly()!.Location);
        foreach (var argument in (ReadOnlySpan<string>)["bench", "part", part]) start.ArgumentList.Add(argument);
        if (upstream is not null) start.ArgumentList.Add($"--upstream={upstream.OriginalString.TrimEnd('/')}");
        if (folder is not null) start.ArgumentList.Add($"--data={folder}");
        var process = new PartProcess(Process.Start(start)!);
        process.Url = new(await process.HearAsync());
        return process;
    }

    /// <param name="collect">After a full collection: what is alive is what is needed.</param>
    public async Task<PartReading> ReadAsync(bool collect = false)
    {
        await _process.StandardInput.WriteLineAsync(collect ? BenchPart.Collect : "");
        return JsonSerializer.Deserialize(await HearAsync(), PartJson.Default.PartReading)!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_ended) return;
        _ended = true;
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.StandardOutput.ReadToEndAsync(patience.Token);
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private async Task<string> HearAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var last = "nothing";
        while (await _process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith(BenchPart.Mark, StringComparison.Ordinal)) return line[BenchPart.Mark.Length..];
            last = line;
        }

        throw new IOException($"A part of the measurement ended before its time; the last it said was: {last}");
    }
}
