using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Looks after batches that nobody asks for, so that what they used is charged all the same; after a restart it goes on where it was.</summary>
internal sealed partial class BatchPolls(
    ServerOptions options, KeptAtProvider kept, CurrentRoutes currentRoutes, BatchSending sending, BatchSettlement settlement, ILedger ledger, TimeProvider time, ILogger<BatchPolls> logger) : BackgroundService
{
    private const int PageLength = 100;

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

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // Left over by a server that was killed while a file came in.
        var uploads = new DirectoryInfo(FilesGateway.UploadsFolder(options));
        if (uploads.Exists) uploads.Delete(recursive: true);
        return base.StartAsync(cancellationToken);
    }

    /// <summary>One after the other: nobody waits, and providers limit who asks often.</summary>
    private async Task PollAsync(CancellationToken stoppingToken)
    {
        try
        {
            for (var after = 0L; ;)
            {
                var batches = await ledger.Read.PendingObjectsAsync(ObjectKind.Batch, after, PageLength, stoppingToken);
                foreach (var batch in batches)
                {
                    stoppingToken.ThrowIfCancellationRequested();
                    after = batch.Row.Seq;
                    if (currentRoutes.Get().Upstream(BatchFacts.Parse(batch.Object.Body).Provider) is { } upstream) await LookAsync(batch, upstream);
                }

                if (batches.Count < PageLength) return;
            }
        }
        catch (StoreUnavailableException unavailable)
        {
            LogLater(unavailable.Message);
        }
    }

    private async Task LookAsync(KeptObject batch, Upstream upstream)
    {
        if (BatchSending.IsIntent(batch.Object))
        {
            await sending.RecoverAsync(batch, upstream);
            return;
        }

        var api = BatchApi.For(Dialect.For(upstream.Options.Dialect));
        using var word = await kept.AskAsync(upstream, $"{api.Path}/{Uri.EscapeDataString(batch.Object.Id)}");
        if (word is not null) await settlement.SeeAsync(batch, upstream, word.Bytes);
    }

    [LoggerMessage(EventId = 2321, Level = LogLevel.Warning, Message = "Batches are looked after again once the store is back: {Reason}")]
    private partial void LogLater(string reason);
}
