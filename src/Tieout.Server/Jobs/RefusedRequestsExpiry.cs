using Tieout.Core;
using Tieout.Storage;

namespace Tieout.Server.Jobs;

/// <summary>Deletes refused requests of orgs that had none since, once a day. Those of other orgs are deleted as new ones arrive.</summary>
internal sealed class RefusedRequestsExpiry(ILedger ledger) : IDailyJob
{
    public string Name => "refused-requests-expiry";

    public TimeOnly DueAt => new(3, 40);

    public Task RunAsync(Instant now, CancellationToken cancellationToken) =>
        ledger.RefusedRequests.ForgetAsync(now - IRefusedRequests.StoredFor, cancellationToken);
}
