using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Jobs;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Guard;

/// <summary>Adds up the decisions of each hour that is over, by the org that owns the resources, so that hits of any range cost as much as its hours.</summary>
internal sealed class GuardHours(ILedger ledger, TimeProvider time, OutageLog outages, ILogger<GuardHours> logger)
    : LeaderWorker(ledger, TimeSpan.FromMinutes(1), time, outages)
{
    /// <summary>A decision has the time at which it was made. It is recorded a moment later, or when the store is back.</summary>
    private static readonly TimeSpan SettlesAfter = TimeSpan.FromHours(1);

    /// <summary>How far back hours are added up where none are.</summary>
    private static readonly TimeSpan BeginsBefore = TimeSpan.FromDays(GuardHits.DaysMax);

    protected override ILogger Logger => logger;

    protected override string Work => "hours of the guard";

    /// <summary>The first hour that is not added up, and when it begins; null: none is.</summary>
    public static async Task<Instant?> ThroughAsync(IRecordsReader read, CancellationToken cancellationToken) =>
        await read.RecordAsync(new(RecordKind.GuardHour, "", HourName.Through), cancellationToken) is { } row
            ? HourName.StartOf(JsonElement.Parse(row.Body).GetProperty("next").GetString()!) : null;

    /// <summary>Orgs that own resources, and the resources that no org owns.</summary>
    public static IEnumerable<string> Owners(ILedger ledger) => ["", .. ledger.Read.Orgs.Select(state => state.Org.Id)];

    /// <summary>Adds up the next hour.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="StoreUnavailableException">The store is away. What was recorded stands.</exception>
    public async Task<bool> AddNextAsync(Instant now, CancellationToken cancellationToken)
    {
        var hour = await ThroughAsync(Ledger.Read, cancellationToken) ?? HourName.StartOf(HourName.Of(now - BeginsBefore));
        if (hour + HourName.Length + SettlesAfter > now) return false;

        // Years without a decision are passed at once.
        var next = hour + HourName.Length;
        var first = now;
        foreach (var owner in Owners(Ledger))
        {
            var tally = new GuardTally();
            await foreach (var decision in GuardHits.DecisionsAsync(Ledger.Read, owner, hour, hour + HourName.Length, cancellationToken)) tally.Add(decision);
            if (tally.Policies().Count + tally.Uses.Count > 0)
            {
                await RecordAsync(owner, HourName.Of(hour), JsonSerializer.Serialize(tally.ToHour(), GuardJson.Default.GuardHour), cancellationToken);
                first = next;
            }
            else if (await GuardHits.FirstAsync(Ledger.Read, owner, next, cancellationToken) is { } later && later < first)
            {
                first = later;
            }
        }

        var through = HourName.StartOf(HourName.Of(first < now - SettlesAfter ? first : now - SettlesAfter));
        await RecordAsync("", HourName.Through, $$"""{"next":"{{HourName.Of(through > next ? through : next)}}"}""", cancellationToken);
        return true;
    }

    protected override async Task LeadAsync(CancellationToken stoppingToken)
    {
        while (await AddNextAsync(Instant.From(Time.GetUtcNow()), stoppingToken) && Ledger.IsLeader) stoppingToken.ThrowIfCancellationRequested();
    }

    private async Task RecordAsync(string org, string name, string body, CancellationToken cancellationToken) =>
        await Ledger.SubmitAsync(new Command.AddRecord(RecordKind.GuardHour, org, name, body, Once: false), cancellationToken);
}
