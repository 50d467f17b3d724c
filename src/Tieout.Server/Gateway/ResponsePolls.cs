using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Batches;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Polls providers for responses in the background.</summary>
internal sealed class ResponsePolls(
    KeptAtProvider kept, CurrentRoutes currentRoutes, StoredResponses stored, ILedger ledger, TimeProvider time, OutageLog outages,
    ILogger<ResponsePolls> logger)
    : ObjectPolls(ObjectKind.Response, currentRoutes, ledger, time, outages, logger)
{
    /// <summary>Somewhat longer than its hold lasts. A response that has not ended by then has a finding, and is charged only when a client asks for
    /// it.</summary>
    private static readonly TimeSpan AgeMax = AttemptHolds.BackgroundMax + TimeSpan.FromHours(1);

    protected override async Task PollAsync(KeptObject pending)
    {
        if (pending.Row.RecordedAt < Instant.From(Time.GetUtcNow()) - AgeMax || stored.Upstream(pending.Object) is not { } upstream) return;
        using var answer = await kept.AskAsync(pending.Object.Org, upstream, $"/responses/{Uri.EscapeDataString(pending.Object.Id)}");
        if (answer is not null) await stored.SettleAsync(pending.Object, answer.Bytes, status: 200);
    }
}
