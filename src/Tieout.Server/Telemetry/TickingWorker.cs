using Tieout.Storage;

namespace Tieout.Server.Telemetry;

/// <summary>A <see cref="Worker"/> that does its work every so often. An outage of the store ends one turn, not the work.</summary>
/// <param name="period">From one turn to the next.</param>
internal abstract class TickingWorker(TimeSpan period, TimeProvider time, OutageLog outages) : Worker
{
    protected TimeProvider Time { get; } = time;

    protected OutageLog Outages { get; } = outages;

    /// <summary>What fails while the store is away, as the log counts it. A plural, for example <c>daily jobs</c>.</summary>
    protected abstract string Work { get; }

    /// <summary>Whether the first turn is due when the server starts; otherwise it is due a period later.</summary>
    protected virtual bool BeginsAtOnce => false;

    /// <summary>One turn.</summary>
    /// <exception cref="StoreUnavailableException">The store is away. The next turn tries again.</exception>
    protected abstract Task TickAsync(CancellationToken stoppingToken);

    /// <summary>What is left to do when the server stops.</summary>
    protected virtual Task EndAsync() => Task.CompletedTask;

    protected sealed override async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(period, Time);
        try
        {
            if (BeginsAtOnce) await TryAsync(() => TickAsync(stoppingToken));
            while (await timer.WaitForNextTickAsync(stoppingToken)) await TryAsync(() => TickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }

        await TryAsync(EndAsync);
    }

    private async Task TryAsync(Func<Task> turn)
    {
        try
        {
            await turn();
        }
        catch (StoreUnavailableException unavailable)
        {
            Outages.See(Work, unavailable.Message);
        }
    }
}
