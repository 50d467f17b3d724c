using Tieout.Core;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Jobs;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>Every row once a day, whoever asks or not: what it finds is told as any finding is.</summary>
internal sealed class ReconciliationJob(ReconciliationRun reconciling) : IDailyJob
{
    public string Name => "reconcile";

    /// <summary>When few spend.</summary>
    public TimeOnly DueAt => new(2, 30);

    public Task RunAsync(Instant now, CancellationToken cancellationToken) => reconciling.RunAsync(FindingFilter.All, full: true, cancellationToken);
}
