using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Batches;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Looks after responses in the background that nobody asks for, so that what they used is charged all the same, also after a restart.</summary>
internal sealed partial class ResponsePolls(
    KeptAtProvider kept, CurrentRoutes currentRoutes, StoredResponses stored, ILedger ledger, TimeProvider time, ILogger<ResponsePolls> logger) : BackgroundService
{
    private const int PageLength = 100;

    /// <summary>Somewhat longer than its hold stands. What has not ended by then has a finding, and is charged only when somebody asks for it.</summary>
    private static readonly TimeSpan AgeMax = GatewayPipeline.BackgroundMax + TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(currentRoutes.Get().Options.Gateway.BatchPollInterval, time, stoppingToken);

                // One server asks: the others would only ask the same.
                if (ledger.DoesWhatIsDoneOnce) await PollAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>One after the other: nobody waits, and providers limit who asks often.</summary>
    private async Task PollAsync(CancellationToken stoppingToken)
    {
        var from = Instant.From(time.GetUtcNow()) - AgeMax;
        try
        {
            for (var after = 0L; ;)
            {
                var responses = await ledger.Read.PendingObjectsAsync(ObjectKind.Response, after, PageLength, stoppingToken);
                foreach (var response in responses)
                {
                    stoppingToken.ThrowIfCancellationRequested();
                    after = response.Row.Seq;
                    if (response.Row.RecordedAt >= from) await LookAsync(response.Object);
                }

                if (responses.Count < PageLength) return;
            }
        }
        catch (StoreUnavailableException unavailable)
        {
            LogLater(unavailable.Message);
        }
    }

    private async Task LookAsync(ProviderObject response)
    {
        if (stored.Upstream(response) is not { } upstream) return;
        using var answer = await kept.AskAsync(upstream, $"/responses/{Uri.EscapeDataString(response.Id)}");
        if (answer is not null) await stored.SettleAsync(response, answer.Bytes, status: 200);
    }

    [LoggerMessage(EventId = 2302, Level = LogLevel.Warning, Message = "Responses in the background are looked after again once the store is back: {Reason}")]
    private partial void LogLater(string reason);
}
