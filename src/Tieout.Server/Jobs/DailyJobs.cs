using System.Globalization;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Jobs;

/// <summary>Runs what is due once a day. Which day was done last is a record, so that neither a restart nor another server does it again.</summary>
internal sealed partial class DailyJobs(ILedger ledger, IEnumerable<IDailyJob> jobs, TimeProvider time, OutageLog outages, ILogger<DailyJobs> logger)
    : LeaderWorker(ledger, TimeSpan.FromMinutes(1), time, outages)
{
    protected override ILogger Logger => logger;

    protected override string Work => "daily jobs";

    protected override Task LeadAsync(CancellationToken stoppingToken) => RunDueAsync(stoppingToken);

    internal async Task RunDueAsync(CancellationToken stoppingToken)
    {
        foreach (var job in jobs)
        {
            var now = Time.GetUtcNow();
            var isDue = TimeOnly.FromDateTime(now.UtcDateTime) >= job.DueAt;
            var day = Day(isDue ? now : now.AddDays(-1));
            try
            {
                var last = (await Ledger.Read.RecordAsync(new(RecordKind.DailyRun, "", job.Name), stoppingToken))?.Body;
                if (last is not null && (!isDue || last == Done(day))) continue;

                // A ledger that has never had it begins with the next day's: what was before there was a ledger needs no looking after.
                if (last is not null) await job.RunAsync(Instant.From(now), stoppingToken);
                await Ledger.SubmitAsync(new Command.AddRecord(RecordKind.DailyRun, "", job.Name, Done(day), Once: false), stoppingToken);
                if (last is not null) LogDone(job.Name, day);
            }
            catch (Exception unexpected) when (unexpected is not (StoreUnavailableException or OperationCanceledException)
                || (unexpected is OperationCanceledException && !stoppingToken.IsCancellationRequested))
            {
                LogFailed(unexpected, job.Name);
            }
        }
    }

    private static string Day(DateTimeOffset Time) => DateOnly.FromDateTime(Time.UtcDateTime).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Done(string day) => $$"""{"day":"{{day}}"}""";

    [LoggerMessage(EventId = LogEvents.DailyJobDone, Level = LogLevel.Information, Message = "{Job} of {Day} is done")]
    private partial void LogDone(string job, string day);

    [LoggerMessage(EventId = LogEvents.DailyJobFailed, Level = LogLevel.Error, Message = "{Job} failed and is tried again")]
    private partial void LogFailed(Exception failure, string job);
}
