using System.Diagnostics;
using Tieout.Analysis.Change;
using Tieout.Analysis.Why;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Pricing;
using Tieout.Server.Spike;
using Tieout.Storage.Sqlite;

namespace Tieout.Bench.Spike;

/// <param name="Attempts">Usage records of nine days.</param>
/// <param name="BuildS">Filling the ledger.</param>
/// <param name="PassMs">A pass over all orgs and labels by the clock; the median of three.</param>
/// <param name="PassCpuMs">The processor time of it, of all threads; the median of three.</param>
/// <param name="Judged">Orgs that a pass gave a verdict for, so that a fast nothing shows.</param>
public sealed record DetectorBenchResult(int Orgs, long Attempts, decimal BuildS, decimal PassMs, decimal PassCpuMs, int Judged);

/// <summary>Measures a pass of the detector over the orgs of a ledger, reading included.</summary>
public sealed class DetectorBench(string folder, int orgs, int perHour, CancellationToken cancellationToken)
{
    private const int Hours = 216, Passes = 3, BatchMax = 2_000;

    public async Task<DetectorBenchResult> RunAsync()
    {
        var watch = Stopwatch.StartNew();
        await using var ledger = SqliteLedger.Open(folder);
        var now = Instant.From(DateTimeOffset.UtcNow);
        await FillAsync(ledger, Recount.HourOf(now) - TimeSpan.FromHours(Hours));
        while (!(await ledger.Follower.StepAsync(cancellationToken)).IsCurrent)
        {
        }

        var (built, run, judged) = (watch.Elapsed, new SpikeRun(ledger, new CurrentPrices(ledger.Read), AttemptClasses.Default), 0);
        var (clock, cpu) = (new List<decimal>(), new List<decimal>());
        for (var i = 0; i < Passes; i++)
        {
            var (began, spent) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            var pass = new DetectorPass(["feature", "provider", "model"]);
            judged = 0;
            foreach (var org in ledger.Read.Orgs)
            {
                await run.JudgeAsync(SpikeRequest.Of(org, now), pass, cancellationToken);
                judged++;
            }

            foreach (var pool in pass.Pools) pass.Components(pool, static (_, _) => false);
            clock.Add((decimal)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            cpu.Add((decimal)(Environment.CpuUsage.TotalTime - spent).TotalMilliseconds);
        }

        return new(orgs, (long)orgs * Hours * perHour, Math.Round((decimal)built.TotalSeconds, 1), Median(clock), Median(cpu), judged);
    }

    private async Task FillAsync(SqliteLedger ledger, Instant begin)
    {
        var (random, commands) = (new Random(1), new List<Command>());
        for (var i = 0; i < orgs; i++) commands.Add(new Command.OpenOrg(new($"org-{i}", "USD", BillingMode.Postpaid, null, "UTC")));
        await ledger.SubmitAsync(commands, cancellationToken);
        commands.Clear();
        for (var hour = 0; hour < Hours; hour++)
        {
            for (var i = 0; i < orgs * perHour; i++)
            {
                var (org, at) = (i % orgs, begin + TimeSpan.FromMinutes(60 * hour + random.Next(60)));
                commands.Add(Attempt($"org-{org}", (i / orgs + hour) % 2 == 0 ? "chat" : "search", 900 + random.Next(200), at));
                if (commands.Count < BatchMax) continue;
                await ledger.SubmitAsync(commands, cancellationToken);
                commands.Clear();
            }
        }

        await ledger.SubmitAsync(commands, cancellationToken);
    }

    private static Command.Charge Attempt(string org, string feature, long input, Instant at)
    {
        var labels = new UsageLabels { Org = org, Feature = feature, Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway };
        var usage = new UsageRecord(
            new AttemptId(Guid.CreateVersion7()), labels, "op", 1, null, null, null, null, at, 12, 200, new(input, 0, 0, 100, 0), UsageBasis.Reported,
            UsageFlags.None);
        var cost = new Amount(input * 2_500 + 1_000_000);
        return new(new(usage, null, cost, cost), Fact: true);
    }

    private static decimal Median(List<decimal> times) => Math.Round(times.Order().ElementAt(times.Count / 2), 1);
}
