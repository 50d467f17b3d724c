using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Hosting;

namespace Tieout.Server.Configuration;

/// <summary>Reads <c>tieout.yaml</c> again when it changes. A file that cannot be meant changes nothing, and is said in the log and in <c>/healthz</c>.</summary>
/// <remarks>
/// The folder is watched, because editors and orchestrators put a new file in the place of the old one. Watching is known to miss changes
/// (network file systems, mounted volumes), so the content is looked at every <see cref="LookEvery"/> besides.
/// </remarks>
internal sealed partial class ConfigurationWatcher(ServerOptions options, CurrentRoutes routes, ILogger<ConfigurationWatcher> logger) : Worker
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>A file that stays the same this long is taken as written.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        if (options.File is not { } file) return;
        using var changed = new SemaphoreSlim(0, 1);
        using var watcher = Watch(Path.GetFullPath(file.Path), changed);
        var seen = HashOf(file);
        try
        {
            while (true)
            {
                await changed.WaitAsync(LookEvery, stoppingToken);
                var now = HashOf(file);
                if (now is null || now == seen) continue;
                await Task.Delay(Settling, stoppingToken);
                if (HashOf(file) != now)
                {
                    // Still being written.
                    Tell(changed);
                    continue;
                }

                seen = now;
                Load(file);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private void Load(ConfigurationFile file)
    {
        try
        {
            routes.Replace(TieoutYaml.Load(file.Path, file.Environment));
            LogLoaded(file.Path, routes.State.Version);
        }
        catch (ConfigurationException wrong)
        {
            routes.Reject(wrong.Message);
            LogRejected(wrong.Message);
        }
    }

    private FileSystemWatcher? Watch(string path, SemaphoreSlim changed)
    {
        try
        {
            var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!);
            watcher.Changed += (_, _) => Tell(changed);
            watcher.Created += (_, _) => Tell(changed);
            watcher.Renamed += (_, _) => Tell(changed);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception unwatched) when (unwatched is IOException or ArgumentException or PlatformNotSupportedException)
        {
            LogUnwatched(unwatched.Message);
            return null;
        }
    }

    private static void Tell(SemaphoreSlim changed)
    {
        try
        {
            if (changed.CurrentCount == 0) changed.Release();
        }
        catch (Exception told) when (told is SemaphoreFullException or ObjectDisposedException)
        {
            // Told already, or stopped.
        }
    }

    /// <returns>Null: it cannot be read now, or is empty. Between the old file and the new one there may be none, or one that was just opened.</returns>
    private static string? HashOf(ConfigurationFile file)
    {
        try
        {
            return File.ReadAllBytes(file.Path) is { Length: > 0 } bytes ? Convert.ToHexString(SHA256.HashData(bytes)) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LoggerMessage(EventId = 2501, Level = LogLevel.Information, Message = "{File} was read again; configuration {Version} is in force")]
    private partial void LogLoaded(string file, int version);

    [LoggerMessage(EventId = 2502, Level = LogLevel.Error, Message = "The changed configuration is not in force, the one before it is: {Reason}")]
    private partial void LogRejected(string reason);

    [LoggerMessage(EventId = 2503, Level = LogLevel.Warning, Message = "The configuration's folder cannot be watched, so its file is looked at every two seconds: {Reason}")]
    private partial void LogUnwatched(string reason);
}
