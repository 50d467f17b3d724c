using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tieout.Analysis.Detection;
using Tieout.Analysis.Why;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Outbox;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Spike;

/// <summary>Judges the cost of every org once an hour, and of every feature, provider and model over all orgs. Tells of a spike once an episode, and when it
/// is over.</summary>
/// <remarks>An episode begins when the rise is sustained, never before its third hour. It ends when the cost is as usual again, or when it has lasted so long
/// that it is the usual.</remarks>
internal sealed partial class SpikeWatch(
    ILedger ledger, SpikeRun run, SpikeVerdicts verdicts, AlertBook book, TimeProvider time, OutageLog outages, ILogger<SpikeWatch> logger)
    : LeaderWorker(ledger, TimeSpan.FromMinutes(1), time, outages)
{
    public const string Code = "cost_spike";
    public const string ComponentCode = "component_spike";

    /// <summary>Labels whose values are the same for all orgs.</summary>
    private static readonly ImmutableArray<string> Pooled = ["feature", "provider", "model"];

    private bool _knowsEpisodes;
    private long _judgedHour;

    protected override ILogger Logger => logger;

    protected override string Work => "cost spikes";

    /// <summary>Looks at every org as of the last whole hour.</summary>
    public Task LookAsync(CancellationToken cancellationToken) => LookAsync(run.JudgeAsync, cancellationToken);

    /// <param name="judge">What judges an org. A failure is that org's alone: its episode stays as it is, and the others are looked at.</param>
    internal async Task LookAsync(Func<SpikeRequest, DetectorPass, CancellationToken, Task<SpikeTiming>> judge, CancellationToken cancellationToken)
    {
        if (!_knowsEpisodes)
        {
            await book.RecallAsync(Code, cancellationToken);
            await book.RecallAsync(ComponentCode, cancellationToken);
        }

        _knowsEpisodes = true;
        var (now, open, pass) = (Instant.From(Time.GetUtcNow()), book.Raised(Code).ToHashSet(StringComparer.Ordinal), new DetectorPass(Pooled));
        foreach (var org in Ledger.Read.Orgs)
        {
            if (await TryJudgeAsync(judge, org, now, pass, cancellationToken) is not { } timing) continue;
            verdicts.Set(org.Org.Id, SpikeRequest.HourOf(now), timing);

            // A sustained rise that pauses looks like one that begins: the episode goes on.
            var isSpike = timing.Verdict is SpikeVerdict.Sustained || (timing.Verdict is SpikeVerdict.Rising && open.Contains(org.Org.Id));
            book.Set(Code, org.Org.Id, isSpike, Whole(timing.Actual), Whole(timing.Expected));
        }

        TellComponents(pass);
    }

    protected override async Task LeadAsync(CancellationToken stoppingToken)
    {
        var hour = SpikeRequest.HourOf(Instant.From(Time.GetUtcNow()));
        if (hour == _judgedHour) return;
        await LookAsync(stoppingToken);
        _judgedHour = hour;
    }

    protected override void Forget() => (_knowsEpisodes, _judgedHour) = (false, 0);

    private async Task<SpikeTiming?> TryJudgeAsync(
        Func<SpikeRequest, DetectorPass, CancellationToken, Task<SpikeTiming>> judge, OrgState org, Instant now, DetectorPass pass,
        CancellationToken cancellationToken)
    {
        try
        {
            return await judge(SpikeRequest.Of(org, now), pass, cancellationToken);
        }
        catch (Exception failure) when (failure is not (StoreUnavailableException or OperationCanceledException))
        {
            LogNotJudged(failure, org.Org.Id);
            return null;
        }
    }

    private void TellComponents(DetectorPass pass)
    {
        var open = book.Raised(ComponentCode).ToHashSet(StringComparer.Ordinal);
        var rising = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pool in pass.Pools)
        {
            foreach (var component in pass.Components(pool, (dimension, value) => open.Contains($"{pool}/{dimension}/{value}")))
            {
                var scope = $"{pool}/{component.Dimension}/{component.Value}";
                rising.Add(scope);
                book.Set(ComponentCode, scope, isRaised: true, Whole(component.Timing.Actual), Whole(component.Timing.Expected));
            }
        }

        foreach (var scope in open.Where(scope => !rising.Contains(scope))) book.Set(ComponentCode, scope, isRaised: false, 0, 0);
    }

    [LoggerMessage(EventId = LogEvents.SpikeNotJudged, Level = LogLevel.Error, Message = "The cost of org {Org} was not judged. The next hour tries again.")]
    private partial void LogNotJudged(Exception failure, string org);

    private static decimal Whole(double nanos) => new Amount((Int128)nanos).ToDecimal();
}
