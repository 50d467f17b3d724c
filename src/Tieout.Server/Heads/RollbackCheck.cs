using Tieout.Server.Configuration;
using Tieout.Storage;
using Tieout.Storage.Verification;

namespace Tieout.Server.Heads;

/// <summary>Before a server takes new spend: does the store still contain what the last head outside it names?</summary>
public static class RollbackCheck
{
    /// <returns>Why the store is not the one that the head names; null: it is, there is no head yet, or the head cannot be read (see
    /// <paramref name="unread"/>).</returns>
    /// <param name="unread">Called with the reason where the place of heads cannot be read now: that must not stop the book.</param>
    /// <exception cref="ConfigurationException">The key cannot be read, or the heads are forged.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public static async Task<string?> RunAsync(HeadOptions options, IChainReader chain, Action<string> unread, CancellationToken cancellationToken)
    {
        var key = HeadKey.Read(options.KeyFile);
        using var places = new HeadPlaces(options);
        try
        {
            if (await places.LastAsync(key, cancellationToken) is not { } head) return null;
            var found = await HeadCheck.ContradictionsAsync(head, (bucket, commit) => chain.HashAsync(bucket, commit, cancellationToken));
            return found.Count == 0 ? null : found[0];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or HttpRequestException or TaskCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            unread(error.Message);
            return null;
        }
    }
}
