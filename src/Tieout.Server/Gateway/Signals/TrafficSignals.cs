using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Spike;
using Tieout.Server.Jobs;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Signals;

/// <summary>Counts what requests and answers of an hour are like, and records the counts every minute. No request waits for it, and no money depends on it: a
/// server that is killed loses the counts of a minute.</summary>
internal sealed class TrafficSignals(ILedger ledger, TimeProvider time, OutageLog outages, ILogger<TrafficSignals> logger) : Worker
{
    /// <summary>Headers of client libraries that one generator makes, by this prefix.</summary>
    private const string SdkHeader = "x-stainless-lang";

    private const long SecondsOfHour = 3_600;

    private static readonly TimeSpan RecordsEvery = TimeSpan.FromMinutes(1);

    private readonly CountedHours _counted = new();

    // A server that starts anew counts from zero, beside what it had recorded before.
    private readonly string _process = Guid.CreateVersion7().ToString("n");

    /// <summary>Counts a request that passed the guardrails.</summary>
    public void See(GatewayCaller caller, IHeaderDictionary headers) =>
        Add(caller, SignalCount.Agent, AgentClass.Of(headers.UserAgent, headers.ContainsKey(SdkHeader)));

    /// <summary>Counts an answer.</summary>
    /// <param name="finish">Why it ended; null: it did not say.</param>
    public void See(GatewayCaller caller, string? finish)
    {
        if (finish is not null) Add(caller, SignalCount.Finish, finish);
    }

    /// <summary>Records what has been counted since.</summary>
    /// <exception cref="StoreUnavailableException">The store is away. The counts stay, and are recorded later.</exception>
    public async Task RecordAsync(CancellationToken cancellationToken)
    {
        var counted = _counted.Unrecorded();
        if (counted.Count == 0) return;
        await ledger.SubmitAsync(
            [.. counted.Select(hour => new Command.AddRecord(RecordKind.SignalHour, hour.Org, NameOf(hour.Hour), hour.Counted.ToJson(), Once: false))],
            cancellationToken);
        _counted.Recorded(counted, Hour);
    }

    /// <summary>A server that stops in order loses nothing.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryRecordAsync(cancellationToken);
    }

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(RecordsEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await TryRecordAsync(stoppingToken);
    }

    private async Task TryRecordAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RecordAsync(cancellationToken);
        }
        catch (StoreUnavailableException unavailable)
        {
            outages.See("signals", unavailable.Message);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server must end at once.
        }
    }

    /// <summary>The present hour, counted from 1970.</summary>
    private long Hour => time.GetUtcNow().ToUnixTimeSeconds() / SecondsOfHour;

    private string NameOf(long hour) => $"{HourName.Of(Instant.From(DateTimeOffset.FromUnixTimeSeconds(hour * SecondsOfHour)))}/{_process}";

    private void Add(GatewayCaller caller, string signal, string value) =>
        _counted.Add(caller.Spender.Key.Org, Hour, caller.Tags.Feature ?? "", signal, value);
}
