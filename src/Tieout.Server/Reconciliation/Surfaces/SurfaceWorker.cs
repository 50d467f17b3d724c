using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Http;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Surfaces;

/// <summary>Compares each surface that has a schedule, and tells when one drifts for long.</summary>
/// <remarks>One alert an episode, and one when it ends, whoever restarts in between.</remarks>
internal sealed partial class SurfaceWorker(SurfaceTies ties, ILedger ledger, TimeProvider time, OutageLog outages, ILogger<SurfaceWorker> logger)
    : LeaderWorker(ledger, TimeSpan.FromSeconds(1), time, outages)
{
    /// <summary>Compares what is due.</summary>
    public async Task CompareDueAsync(CancellationToken cancellationToken)
    {
        var now = Instant.From(Time.GetUtcNow());
        foreach (var surface in ties.All)
        {
            if (surface.Every is not { } every || (ties.Standing(surface.Name) is { } last && now - last.At < every)) continue;
            var standing = await ties.CompareAsync(surface, cancellationToken);
            if (standing.Failure is { } failure) SurfaceFailed(logger, surface.Name, failure);
            await TellAsync(surface, standing, cancellationToken);
        }
    }

    protected override ILogger Logger => logger;

    protected override string Work => "comparisons of surfaces";

    protected override async Task LeadAsync(CancellationToken stoppingToken)
    {
        try
        {
            await CompareDueAsync(stoppingToken);
        }
        catch (Exception failure) when (failure is not (StoreUnavailableException or OperationCanceledException)
            || (failure is OperationCanceledException && !stoppingToken.IsCancellationRequested))
        {
            TickFailed(logger, failure);
        }
    }

    private async Task TellAsync(SurfaceOptions surface, SurfaceStanding standing, CancellationToken cancellationToken)
    {
        if (standing.Tie is not { } tie) return;
        var episode = await DriftEpisode.OfAsync(Ledger.Read, surface, cancellationToken);
        if (standing.DriftingSince is { } since)
        {
            if (episode is null) await KeepAsync(episode = new(since.UnixMicros, Told: false, Over: false));
            if (episode.Told || standing.At - since < ties.AlertAfter) return;
            await AnnounceAsync(surface, since, "alert.drift", tie, cancellationToken);
            await KeepAsync(episode with { Told = true });
        }
        else if (episode is not null)
        {
            if (episode.Told) await AnnounceAsync(surface, episode.Since, "alert.drift_resolved", tie, cancellationToken);
            await KeepAsync(episode with { Over = true });
        }

        // After what it tells of, which counts once: whoever dies in between does both again.
        async Task KeepAsync(DriftEpisode kept) => (await Ledger.SubmitAsync(kept.Keep(surface), cancellationToken)).OrThrow();
    }

    private async Task AnnounceAsync(SurfaceOptions surface, Instant since, string type, TieBody tie, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["surface"] = surface.Name,
            ["org"] = surface.Org,
            ["drift_pct"] = tie.DriftPct,
            ["severity"] = tie.Severity,
            ["left_total"] = tie.LeftTotal.ToString(),
            ["right_total"] = tie.RightTotal.ToString(),
            ["difference"] = tie.Difference.ToString(),
            ["asset"] = tie.Asset,
            ["from"] = tie.From,
            ["drifting_since"] = since.ToString(),
        };
        (await Ledger.SubmitAsync(
            new Command.Announce($"{type}:{surface.Name}:{since}", surface.Org ?? "", type, body.ToJsonString()), cancellationToken)).OrThrow();
    }

    [LoggerMessage(EventId = LogEvents.SurfaceNotCompared, Level = LogLevel.Warning, Message = "The surface {Surface} could not be compared. {Why}")]
    private static partial void SurfaceFailed(ILogger logger, string surface, string why);

    [LoggerMessage(EventId = LogEvents.ComparisonFailed, Level = LogLevel.Warning, Message = "A scheduled comparison failed; it is tried again.")]
    private static partial void TickFailed(ILogger logger, Exception error);
}
