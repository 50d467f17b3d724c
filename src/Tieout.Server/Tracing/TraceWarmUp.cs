using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Server.Http;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Tracing;

/// <summary>Traces something once after the start: what is compiled and opened for it is there when an engineer asks in a hurry.</summary>
/// <remarks>The first trace took 0.2 s, more where the machine was busy, and later ones some milliseconds: nearly all of it is code that runs for the first
/// time.</remarks>
internal sealed partial class TraceWarmUp(CostTraces traces, IOrgs orgs, IUsageReader usage, TimeProvider time, ILogger<TraceWarmUp> logger) : Worker
{
    /// <summary>No id is spelled so: it is looked for in every way and found in none.</summary>
    private const string Nothing = "tieout-warm-up";

    /// <summary>Newer usage is likely; older is as good, but would have to be looked for.</summary>
    private static readonly TimeSpan Back = TimeSpan.FromDays(1);

    /// <summary>Whether something was traced; false: there is nothing of the last day. Null: not begun yet.</summary>
    public Task<bool>? Traced { get; private set; }

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        // What starts beside it comes first.
        await Task.Yield();
        try
        {
            await (Traced = WarmAsync(stoppingToken));
        }
        catch (Exception cold) when (cold is StoreUnavailableException or ApiRefusedException or RowsArchivedException
            || (cold is OperationCanceledException && stoppingToken.IsCancellationRequested))
        {
            LogCold(cold.Message);
        }
    }

    private async Task<bool> WarmAsync(CancellationToken cancellationToken)
    {
        var now = Instant.From(time.GetUtcNow());
        foreach (var org in orgs.Orgs.Select(org => org.Org.Id))
        {
            await traces.FindAsync(org, Nothing, Viewer.Platform, cancellationToken);
            await foreach (var row in usage.UsageAsync(new(org, now - Back, now), cancellationToken))
            {
                foreach (var id in new[] { row.Usage.Id.ToString(), row.Usage.OperationId, row.Usage.CorrelationId ?? Nothing })
                {
                    if (await traces.FindAsync(org, id, Viewer.Platform, cancellationToken) is { } found)
                    {
                        JsonSerializer.SerializeToUtf8Bytes(found, TraceJson.Default.TraceBody);
                    }
                }

                return true;
            }
        }

        return false;
    }

    [LoggerMessage(EventId = LogEvents.TraceNotWarm, Level = LogLevel.Debug, Message = "The first trace will take longer: {Reason}")]
    private partial void LogCold(string reason);
}
