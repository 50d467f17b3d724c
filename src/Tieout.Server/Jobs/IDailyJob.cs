using Tieout.Core;

namespace Tieout.Server.Jobs;

/// <summary>Something to be done once a day, by one server of all.</summary>
/// <remarks>A server that dies in the midst of it is followed by another, which does it from the beginning: so it must be safe to do twice.</remarks>
public interface IDailyJob
{
    /// <summary>For example <c>reconcile</c>. What is remembered of it goes by this name, so it never changes.</summary>
    string Name { get; }

    /// <summary>The time of day, UTC, from which on it is due.</summary>
    TimeOnly DueAt { get; }

    /// <param name="now">Its day is the one that the run counts for.</param>
    /// <exception cref="Storage.StoreUnavailableException">It is tried again in a minute.</exception>
    Task RunAsync(Instant now, CancellationToken cancellationToken);
}
