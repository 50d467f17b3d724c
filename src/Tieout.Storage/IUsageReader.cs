using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage;

/// <summary>Usage records: rows, and counts of them.</summary>
public interface IUsageReader
{
    /// <summary>Usage records by the time they count in, oldest first.</summary>
    IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, CancellationToken cancellationToken);

    /// <summary>Usage under a correlation id, in the order in which it was recorded.</summary>
    Task<IReadOnlyList<UsageRow>> CorrelatedAsync(string org, string correlationId, int limit, CancellationToken cancellationToken);

    /// <summary>The hourly cells of an org, for charts and live views.</summary>
    Task<IReadOnlyList<CellLine>> CellsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken);
}

/// <summary>Which usage records. Null: any.</summary>
/// <param name="After">Resume just after this usage number, for pages.</param>
public sealed record UsageFilter(
    string Org, Instant From, Instant To, string? OperationId = null, string? CorrelationId = null, string? Project = null, string? Team = null,
    string? Key = null, string? EndUser = null, string? Feature = null, string? Model = null, long After = 0, int Limit = int.MaxValue,
    UsageSource? Source = null, string? AppInstance = null);

/// <param name="Status">The provider's; 0: it gave no answer.</param>
/// <param name="LastAt">When the newest of them occurred.</param>
public sealed record StatusCount(UsageLabels Labels, int Status, long Attempts, Instant LastAt);

public sealed record CellLine(Instant Hour, UsageLabels Labels, CellChange Sums);
