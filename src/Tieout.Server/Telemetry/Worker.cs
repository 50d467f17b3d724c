using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Tieout.Server.Telemetry;

/// <summary>Work beside the requests that goes on until the server stops. A failure that nobody expected ends neither the process nor the work: it is logged,
/// and the work begins again.</summary>
internal abstract partial class Worker : BackgroundService
{
    private static readonly TimeSpan BeginAgainAfter = TimeSpan.FromSeconds(5);

    protected abstract ILogger Logger { get; }

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunAsync(stoppingToken);
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception unexpected)
            {
                LogFailed(Logger, unexpected, GetType().Name, (int)BeginAgainAfter.TotalSeconds);
                await Task.Delay(BeginAgainAfter, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>The work. Returns when there is no more of it.</summary>
    protected abstract Task RunAsync(CancellationToken stoppingToken);

    [LoggerMessage(EventId = LogEvents.WorkerFailed, Level = LogLevel.Error, Message = "{Worker} failed and begins again in {Seconds} s.")]
    private static partial void LogFailed(ILogger logger, Exception failure, string worker, int seconds);
}
