using System.Diagnostics;
using Tieout.Tests;

namespace Tieout.Simulation.Running;

/// <summary>A program of <c>tests/clients</c>, run by Node with the packages that the lock file names.</summary>
internal static class NodeProgram
{
    private static readonly TimeSpan RunMax = TimeSpan.FromMinutes(1), InstallMax = TimeSpan.FromMinutes(3);
    private static readonly string Folder = Repo.Path("tests/clients");
    private static readonly SemaphoreSlim Installing = new(1, 1);

    /// <summary>Runs it to its end and returns what it printed. It must end well.</summary>
    public static async Task<string> RunAsync(string program, IReadOnlyDictionary<string, string> environment)
    {
        if (!IsThere("node") || !IsThere("npm"))
        {
            if (Environment.GetEnvironmentVariable("CI") == "true") Assert.Fail("CI needs Node.js with npm, for the clients that run on it.");
            Assert.Skip("Node.js with npm is not here, and the clients that run on it need it.");
        }

        await InstallAsync();
        return await RunAsync("node", [program], environment, RunMax);
    }

    /// <summary>Once for each lock file: what is there is of this one if its copy lies beside it.</summary>
    private static async Task InstallAsync()
    {
        await Installing.WaitAsync();
        try
        {
            var (wanted, installed) = (await File.ReadAllTextAsync(Path.Combine(Folder, "package-lock.json")),
                Path.Combine(Folder, "node_modules", ".installed-of"));
            if (File.Exists(installed) && await File.ReadAllTextAsync(installed) == wanted) return;
            await RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], new Dictionary<string, string>(), InstallMax);
            await File.WriteAllTextAsync(installed, wanted);
        }
        finally
        {
            Installing.Release();
        }
    }

    private static async Task<string> RunAsync(string command, string[] arguments, IReadOnlyDictionary<string, string> environment, TimeSpan longest)
    {
        var start = new ProcessStartInfo(command, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (printed, complained) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var over = new CancellationTokenSource(longest);
        try
        {
            await process.WaitForExitAsync(over.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await complained}\n{await printed}");
        return await printed;
    }

    private static bool IsThere(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder =>
            File.Exists(Path.Combine(folder, command)) || File.Exists(Path.Combine(folder, command + ".exe"))
                || File.Exists(Path.Combine(folder, command + ".cmd")));
}
