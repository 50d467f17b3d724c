using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tieout.Server.Telemetry;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Hosting;

/// <summary>Work that one node does for all: when a turn passes, what ends one, and what is left to do at the end.</summary>
public sealed class LeaderWorkerTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tieout-");
    private BreakableLedger _ledger = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _ledger = new(SqliteLedger.Open(_folder.FullName));
        return default;
    }

    // Goal: an outage of the store ends one turn, not the work, and the log counts it. Method: the first turn fails as a store that is away does.
    [Fact]
    public async Task S1_an_outage_ends_one_turn_and_the_next_is_done()
    {
        using var outages = new OutageLog(_ledger, TimeProvider.System, NullLogger<OutageLog>.Instance);
        using var worker = new Counting(_ledger, outages) { FailingTurns = 1 };
        await worker.StartAsync(Stop);
        await Counting.UntilAsync(() => worker.Led >= 3);
        await worker.StopAsync(Stop);
        Assert.True(worker.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal(1, worker.Ended);

        // A failure that nobody expected would have been logged, and the work begun again.
        Assert.Equal(0, worker.Failures.Count);
        Assert.Equal(0, worker.Forgotten);
    }

    [Fact]
    public async Task A_turn_passes_while_another_node_leads_and_while_the_ledger_takes_no_writes()
    {
        using var outages = new OutageLog(_ledger, TimeProvider.System, NullLogger<OutageLog>.Instance);
        using var worker = new Counting(_ledger, outages);
        _ledger.IsLeader = false;
        await worker.StartAsync(Stop);
        await Counting.UntilAsync(() => worker.Forgotten >= 3);
        Assert.Equal(0, worker.Led);

        _ledger.Broken = _ => true;
        _ledger.IsLeader = true;
        var forgotten = worker.Forgotten;
        await Task.Delay(TimeSpan.FromMilliseconds(50), Stop);
        Assert.Equal(0, worker.Led);
        Assert.InRange(worker.Forgotten, forgotten, forgotten + 1);

        _ledger.Broken = null;
        await Counting.UntilAsync(() => worker.Led >= 1);
        await worker.StopAsync(Stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private sealed class Counting(ILedger ledger, OutageLog outages) : LeaderWorker(ledger, TimeSpan.FromMilliseconds(5), TimeProvider.System, outages)
    {
        private int _led;
        private int _forgotten;
        private int _ended;

        public int FailingTurns { get; init; }

        public int Led => Volatile.Read(ref _led);

        public int Forgotten => Volatile.Read(ref _forgotten);

        public int Ended => Volatile.Read(ref _ended);

        public CountingLogger Failures { get; } = new();

        protected override ILogger Logger => Failures;

        protected override string Work => "counted turns";

        public static async Task UntilAsync(Func<bool> isSo)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (!isSo()) await Task.Delay(2, limit.Token);
        }

        protected override Task LeadAsync(CancellationToken stoppingToken) =>
            Interlocked.Increment(ref _led) <= FailingTurns ? throw new StoreUnavailableException("away", StoreEffect.None) : Task.CompletedTask;

        protected override void Forget() => Interlocked.Increment(ref _forgotten);

        protected override Task EndAsync()
        {
            Interlocked.Increment(ref _ended);
            return Task.CompletedTask;
        }
    }

    private sealed class CountingLogger : ILogger
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Interlocked.Increment(ref _count);
    }
}
