using Microsoft.Extensions.Logging.Abstractions;
using Tieout.Core;
using Tieout.Server.Jobs;
using Tieout.Server.Telemetry;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage;
using Tieout.Storage.Sqlite;
using Tieout.Tests;

namespace Tieout.Server.Tests.Jobs;

public sealed class DailyJobTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_daily_job_is_done_once_a_day_from_its_time_on_whoever_asks()
    {
        await WithLedgerAsync(async ledger =>
        {
            var (clock, job) = (new ManualClock(new(2026, 11, 22, 2, 59, 0, TimeSpan.Zero)), new Counted());
            DailyJobs Server() => new(ledger, [job], clock, new OutageLog(ledger, clock, NullLogger<OutageLog>.Instance), NullLogger<DailyJobs>.Instance);
            await Server().RunDueAsync(Stop);
            Assert.Equal(0, job.Runs);
            clock.Move(TimeSpan.FromMinutes(1));
            await Server().RunDueAsync(Stop);
            clock.Move(TimeSpan.FromHours(12));
            await Server().RunDueAsync(Stop);
            Assert.Equal(1, job.Runs);
            clock.Move(TimeSpan.FromHours(12));
            await Server().RunDueAsync(Stop);
            Assert.Equal(2, job.Runs);
        });
    }

    [Fact]
    public async Task A_daily_job_that_fails_is_done_again_and_the_store_away_is_no_failure()
    {
        await WithLedgerAsync(async ledger =>
        {
            var (clock, job) = (new ManualClock(new(2026, 11, 22, 4, 0, 0, TimeSpan.Zero)),
                new Counted { Fails = new StoreUnavailableException("away", StoreEffect.None) });
            var server = new DailyJobs(ledger, [job], clock, new OutageLog(ledger, clock, NullLogger<OutageLog>.Instance), NullLogger<DailyJobs>.Instance);
            await server.RunDueAsync(Stop);
            Assert.Equal(0, job.Runs);
            clock.Move(TimeSpan.FromDays(1));
            await Assert.ThrowsAsync<StoreUnavailableException>(() => server.RunDueAsync(Stop));
            job.Fails = new InvalidOperationException("a bug");
            await server.RunDueAsync(Stop);
            job.Fails = null;
            await server.RunDueAsync(Stop);
            await server.RunDueAsync(Stop);
            Assert.Equal(3, job.Runs);
        });
    }

    private static async Task WithLedgerAsync(Func<BreakableLedger, Task> test)
    {
        var folder = Directory.CreateTempSubdirectory("tieout-").FullName;
        try
        {
            await using var ledger = new BreakableLedger(SqliteLedger.Open(folder));
            await test(ledger);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class Counted : IDailyJob
    {
        public string Name => "counted";

        public TimeOnly DueAt => new(3, 0);

        public Exception? Fails { get; set; }

        public int Runs { get; private set; }

        public Task RunAsync(Instant now, CancellationToken cancellationToken)
        {
            Runs++;
            return Fails is null ? Task.CompletedTask : Task.FromException(Fails);
        }
    }
}
