using Tieout.Core;
using Tieout.Server.Jobs;
using Tieout.Storage;

namespace Tieout.Server.Outbox;

/// <summary>Lets go, once a day, of what was delivered long ago. What is dead stays until someone looks.</summary>
internal sealed class DeliveriesKept(ILedger ledger) : IDailyJob
{
    public static readonly TimeSpan KeptFor = TimeSpan.FromDays(90);

    public string Name => "deliveries-kept";

    public TimeOnly DueAt => new(3, 30);

    public Task RunAsync(Instant now, CancellationToken cancellationToken) => ledger.Deliveries.ForgetAsync(now - KeptFor, cancellationToken);
}
