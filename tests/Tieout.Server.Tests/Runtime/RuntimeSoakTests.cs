using System.Text;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Pricing;
using Tieout.Server.Runtime;
using Tieout.Storage;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Verification;
using ActivityKind = Tieout.Core.Runtime.ActivityKind;

namespace Tieout.Server.Tests.Runtime;

/// <summary>A month of two hundred app instances (a thousand with TIEOUT_LONG=1), with a meter that is killed again and again.</summary>
public sealed class RuntimeSoakTests
{
    private static readonly int Instances = Environment.GetEnvironmentVariable("TIEOUT_LONG") == "1" ? 1_000 : 200;

    private const int Days = 30;
    private const int HoursPerTick = 12;
    private const int SessionsEach = 4;
    private const long Bound = 900;
    private static readonly RuntimeOptions Hourly = new() { Interval = TimeSpan.FromHours(1) };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task M1_L7_after_a_month_of_crashes_and_late_events_the_billed_seconds_are_the_truth_exactly()
    {
        var random = new Random(20_261_122);
        var begin = new DateTimeOffset(DateTime.UtcNow.Date, TimeSpan.Zero).AddDays(-Days - 12).ToUnixTimeSeconds();
        var folder = Directory.CreateTempSubdirectory("tieout-");
        var truth = new long[Instances];
        await using (var ledger = new DyingLedger(SqliteLedger.Open(folder.FullName), random))
        {
            var arriving = await PrepareAsync(ledger, random, begin, truth);
            await LiveAsync(ledger, random, begin, arriving);
            Assert.InRange(ledger.Deaths, 2, 60);
            var (billed, charged) = await BilledAsync(ledger.Read);

            Assert.Equal(truth, billed);
            Assert.Equal(truth.Sum() * 8 * 0.001m + truth.Sum() * 0.0001m, charged.ToDecimal());
        }

        var report = SqliteVerification.Run(folder.FullName);
        Assert.True(report.Ok, string.Join(' ', report.Checks.SelectMany(check => check.Rows).Take(5)));
        folder.Delete(recursive: true);
    }

    /// <summary>Registers the instances.</summary>
    /// <param name="truth">Gets what each is active, in seconds, by how its life was made.</param>
    /// <returns>Events, by the tick in which they are handed in: some of them days late.</returns>
    private static async Task<ILookup<int, Command>> PrepareAsync(ILedger ledger, Random random, long begin, long[] truth)
    {
        await ledger.SubmitAsync(new Command.OpenOrg(new Org("acme", "USD", BillingMode.Postpaid, CreditLineNanos: null, "UTC")), Cancel);
        var list = PriceCatalogueJson.Read(Encoding.UTF8.GetBytes(RuntimeTests.Prices));
        await ledger.SubmitAsync(new Command.Record(SettingKind.PriceList, "", list.Id, PriceCatalogueJson.Write(list), Once: true), Cancel);
        var arriving = new List<(int Tick, Command Event)>();
        for (var i = 0; i < Instances; i++)
        {
            var beats = i % 5 == 0;
            var body = new NewRuntimeBody(
                "acme", $"app-{i}", "app_runtime", [new("worker", "h100", 8), new("head", "m7", ControlPlane: true)], Provider: "gpus",
                HeartbeatSeconds: beats ? Bound : null);
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(RuntimeObjects.Keep(body), Cancel));
            truth[i] = Life(random, begin, beats, (at, kind, no) =>
            {
                var late = random.Next(50) == 0 ? random.Next(1, 12) : 0;
                var command = RuntimeObjects.Keep("acme", body.Id, new($"{kind}-{no}", new(at * Instant.MicrosPerSecond + random.Next(1_000_000)), kind));
                var tick = (int)((at - begin) / (HoursPerTick * 3_600)) + 1 + late;
                arriving.Add((tick, command));
                if (random.Next(4) == 0) arriving.Add((tick + random.Next(3), command));
            });
        }

        return arriving.ToLookup(one => one.Tick, one => one.Event);
    }

    /// <summary>Sessions one after another. Without a stop a session ends at its bound after the last heartbeat.</summary>
    private static long Life(Random random, long begin, bool beats, Action<long, ActivityKind, int> happens)
    {
        var (at, active, no) = (begin + random.Next(86_400), 0L, 0);
        for (var session = 0; session < SessionsEach; session++)
        {
            var length = random.Next(1, 36_000);
            happens(at, ActivityKind.Start, no++);
            var last = at;
            for (var beat = at; beats && (beat += random.Next(1, (int)Bound + 1)) < at + length; last = beat) happens(beat, ActivityKind.Heartbeat, no++);
            var isKilled = beats && random.Next(3) == 0;
            var end = isKilled ? last + Bound : beats ? Math.Min(at + length, last + Bound) : at + length;
            if (!isKilled) happens(at + length, ActivityKind.Stop, no++);
            active += end - at;
            at = Math.Max(end, at + length) + random.Next(1, 200_000);
        }

        return active;
    }

    private static async Task LiveAsync(DyingLedger ledger, Random random, long begin, ILookup<int, Command> arriving)
    {
        var meter = NewMeter(ledger);
        var last = arriving.Max(group => group.Key);
        for (var tick = 1; tick <= last + 1; tick++)
        {
            var events = arriving[tick].OrderBy(_ => random.Next()).ToArray();
            foreach (var part in events.Chunk(4_000)) await ledger.SubmitAsync(part, Cancel);
            await FollowAsync(ledger);
            var now = RuntimeRecords.At(begin + (long)tick * HoursPerTick * 3_600 + 60);
            if (random.Next(4) == 0) ledger.DieAfter(random.Next(Instances / 25));
            try
            {
                Assert.Equal(0, await meter.TickAsync(now, Cancel));
                if (random.Next(30) == 0) meter = NewMeter(ledger);
            }
            catch (StoreUnavailableException)
            {
                meter = NewMeter(ledger);
            }

            ledger.Live();
        }

        Assert.Equal(0, await NewMeter(ledger).TickAsync(RuntimeRecords.At(begin + (last + 4L) * HoursPerTick * 3_600), Cancel));
    }

    /// <summary>As a server does: without it the meter would look for an instance's usage among all rows.</summary>
    private static async Task FollowAsync(DyingLedger ledger)
    {
        while (!(await ledger.Follower.StepAsync(Cancel)).IsCurrent)
        {
        }
    }

    private static RuntimeMeter NewMeter(ILedger ledger) => new(ledger, new CurrentPrices(ledger.Read), Hourly);

    /// <summary>What each instance's workers were charged for and nobody took back, from the rows and postings alone.</summary>
    private static async Task<(long[] Seconds, Amount Charged)> BilledAsync(ILedgerReader read)
    {
        var reversed = new HashSet<long>();
        await foreach (var posting in read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, Cancel))
        {
            if (posting.Kind == PostingKind.Reversal && !reversed.Add(posting.UsageSeq)) Assert.Fail($"Usage {posting.UsageSeq} is reversed twice.");
        }

        var (workers, heads, charged) = (new long[Instances], new long[Instances], Amount.Zero);
        await foreach (var row in read.UsageAsync(new UsageFilter("acme", Instant.UnixEpoch, new(long.MaxValue)).Where("source", "app_runtime"), Cancel))
        {
            if (reversed.Contains(row.Seq)) continue;
            var labels = row.Usage.Labels.Runtime!;
            var of = int.Parse(labels.AppInstance!.AsSpan(4), System.Globalization.CultureInfo.InvariantCulture);
            (labels.IsControlPlane ? heads : workers)[of] += row.Usage.DurationMs / 1_000;
            charged += row.Charge;
        }

        Assert.Equal(workers, heads);
        Assert.NotEmpty(reversed);
        return (workers, charged);
    }

    /// <summary>A ledger whose process is killed in the midst of a list: what came before stands, the rest was never asked.</summary>
    private sealed class DyingLedger(ILedger inner, Random random) : ILedger
    {
        private int _left = int.MaxValue;

        public int Deaths { get; private set; }

        public LedgerHealth Health => inner.Health;

        public ILedgerReader Read => inner.Read;

        public IDeliveries Deliveries => inner.Deliveries;

        public IRefusedRequests RefusedRequests => inner.RefusedRequests;

        public IFollower Follower => inner.Follower;

        public IKeyUses KeyUses => inner.KeyUses;

        public void DieAfter(int commands) => _left = commands;

        public void Live() => _left = int.MaxValue;

        public void Limit(LedgerLimits limits) => inner.Limit(limits);

        public Task<Storage.Detaching.DetachReport> DetachAsync(
            Storage.Detaching.DetachOrder order, IProgress<RowProgress>? progress, CancellationToken cancellationToken) =>
            inner.DetachAsync(order, progress, cancellationToken);

        public Task RepairAsync(IReadOnlyList<Core.Reconciliation.SelfCheck.FigureDrift> drifts) => inner.RepairAsync(drifts);

        public async ValueTask<Outcome> SubmitAsync(Command command, CancellationToken cancellationToken = default) =>
            (await SubmitAsync([command], cancellationToken))[0];

        public async ValueTask<IReadOnlyList<Outcome>> SubmitAsync(IReadOnlyList<Command> commands, CancellationToken cancellationToken = default)
        {
            if (commands.Count <= _left)
            {
                if (_left < int.MaxValue) _left -= commands.Count;
                return await inner.SubmitAsync(commands, cancellationToken);
            }

            await inner.SubmitAsync([.. commands.Take(random.Next(_left + 1))], cancellationToken);
            Deaths++;
            throw new StoreUnavailableException("Killed by a test.", StoreEffect.Unknown);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
