using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Polls providers for batches.</summary>
internal sealed class BatchPolls(
    ServerOptions options, KeptAtProvider kept, CurrentRoutes currentRoutes, BatchSending sending, BatchSettlement settlement, ILedger ledger,
    TimeProvider time, OutageLog outages,
    ILogger<BatchPolls> logger)
    : ObjectPolls(ObjectKind.Batch, currentRoutes, ledger, time, outages, logger)
{
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // A server that was killed during an upload left these files.
        var uploads = new DirectoryInfo(FilesGateway.UploadsFolder(options));
        if (uploads.Exists) uploads.Delete(recursive: true);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task PollAsync(KeptObject pending)
    {
        if (CurrentRoutes.Get().Upstream(BatchFacts.Parse(pending.Object.Body).Provider) is not { } upstream) return;
        if (BatchSending.IsIntent(pending.Object))
        {
            await sending.RecoverAsync(pending, upstream);
            return;
        }

        var api = BatchApi.For(Dialect.For(upstream.Options.Dialect));
        using var word = await kept.AskAsync(pending.Object.Org, upstream, $"{api.Path}/{Uri.EscapeDataString(pending.Object.Id)}");
        if (word is not null) await settlement.SeeAsync(pending, upstream, word.Bytes);
    }
}
