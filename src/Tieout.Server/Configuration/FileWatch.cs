using System.Security.Cryptography;

namespace Tieout.Server.Configuration;

/// <summary>Reports when the content of some files has changed and has settled.</summary>
/// <remarks>
/// The folders are watched, because editors and orchestrators put a new file in the place of the old one. Watching is known to miss changes
/// (network file systems, mounted volumes), so the content is compared every <see cref="LookEvery"/> besides.
/// </remarks>
internal sealed class FileWatch(IReadOnlyList<string> files)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>Files that stay the same this long are taken as written.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);

    /// <summary>Of the content when this was made, so that a change before <see cref="RunAsync"/> is not missed.</summary>
    private readonly string? _first = HashOf(files);

    /// <param name="changed">Called once for each settled change.</param>
    /// <param name="unwatched">Called with the reason where a folder cannot be watched; its files are then only compared.</param>
    public async Task RunAsync(Func<Task> changed, Action<string> unwatched, CancellationToken cancellationToken)
    {
        using var signal = new SemaphoreSlim(0, 1);
        var folders = files.Select(file => Path.GetDirectoryName(Path.GetFullPath(file))!).Distinct(StringComparer.Ordinal);
        var watchers = folders.Select(folder => Watch(folder, signal, unwatched)).ToList();
        var seen = _first;
        try
        {
            while (true)
            {
                await signal.WaitAsync(LookEvery, cancellationToken);
                var now = HashOf(files);
                if (now is null || now == seen) continue;
                await Task.Delay(Settling, cancellationToken);
                if (HashOf(files) != now)
                {
                    // Still being written.
                    Signal(signal);
                    continue;
                }

                seen = now;
                await changed();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        finally
        {
            foreach (var watcher in watchers) watcher?.Dispose();
        }
    }

    private static FileSystemWatcher? Watch(string folder, SemaphoreSlim signal, Action<string> unwatched)
    {
        try
        {
            var watcher = new FileSystemWatcher(folder);
            watcher.Changed += (_, _) => Signal(signal);
            watcher.Created += (_, _) => Signal(signal);
            watcher.Renamed += (_, _) => Signal(signal);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception error) when (error is IOException or ArgumentException or PlatformNotSupportedException)
        {
            unwatched(error.Message);
            return null;
        }
    }

    private static void Signal(SemaphoreSlim signal)
    {
        try
        {
            if (signal.CurrentCount == 0) signal.Release();
        }
        catch (Exception error) when (error is SemaphoreFullException or ObjectDisposedException)
        {
            // Signalled already, or stopped.
        }
    }

    /// <returns>Null: one of the files cannot be read now, or is empty. Between the old file and the new one there may be none, or one that was just opened.</returns>
    private static string? HashOf(IReadOnlyList<string> files)
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var file in files)
            {
                if (File.ReadAllBytes(file) is not { Length: > 0 } bytes) return null;
                hash.AppendData(SHA256.HashData(bytes));
            }

            return Convert.ToHexString(hash.GetHashAndReset());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
