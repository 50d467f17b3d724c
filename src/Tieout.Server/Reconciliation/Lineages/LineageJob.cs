using Tieout.Core;
using Tieout.Server.Jobs;

namespace Tieout.Server.Reconciliation.Lineages;

/// <summary>Audits the lineages of the last two days once a day, and keeps what it finds as findings.</summary>
internal sealed class LineageJob(LineageAudits audits) : IDailyJob
{
    /// <summary>A day that the job did not run is looked at the day after.</summary>
    private static readonly TimeSpan Range = TimeSpan.FromDays(2);

    public string Name => "lineage";

    /// <summary>After the run over the book.</summary>
    public TimeOnly DueAt => new(3, 0);

    public Task RunAsync(Instant now, CancellationToken cancellationToken) =>
        audits.RunAsync(new(Org: null, now - Range, now + TimeSpan.FromMinutes(1), now), keeps: true, cancellationToken);
}
