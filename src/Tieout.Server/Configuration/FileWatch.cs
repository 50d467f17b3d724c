using System.Security.Cryptography;

namespace Tieout.Server.Configuration;

/// <summary>Reports when the content of some files has changed and has settled.</summary>
/// <remarks>
/// The content is compared every <see cref="LookEvery"/>. The system's notices of changes are not used: they are missed on network file systems and
/// mounted volumes, and a secret's folder may be the store's, where each commit would raise one.
/// </remarks>
internal sealed class FileWatch(IReadOnlyList<string> files)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>Files that stay the same this long are taken as written.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);

    /// <summary>Of the content when this was made, so that a change before <see cref="RunAsync"/> is not missed.</summary>
    private readonly string? _first = HashOf(files);

    /// <param name="changed">Called once for each settled change.</param>
    public async Task RunAsync(Func<Task> changed, CancellationToken cancellationToken)
    {
        using var look = new PeriodicTimer(LookEvery);
        var seen = _first;
        try
        {
            while (await look.WaitForNextTickAsync(cancellationToken))
            {
                var now = HashOf(files);
                if (now is null || now == seen) continue;
                await Task.Delay(Settling, cancellationToken);
                if (HashOf(files) != now) continue;
                seen = now;
                await changed();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    /// <returns>Null: one of the files cannot be read now, or is empty. Between the old file and the new one there may be none, or one that was just
    /// opened.</returns>
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
