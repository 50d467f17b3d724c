using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Metering;

namespace Tieout.Storage;

/// <summary>Usage records: rows, and counts of them.</summary>
public interface IUsageReader
{
    /// <summary>Usage records in the order in which they were recorded. With an id in the filter, only rows that have the id are read, up to the follower's
    /// position.</summary>
    IAsyncEnumerable<UsageRow> UsageAsync(UsageFilter filter, CancellationToken cancellationToken);

    /// <summary>The hourly cells of an org, for charts and live views.</summary>
    Task<IReadOnlyList<CellLine>> CellsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken);
}

/// <summary>Usage of any time by its ids.</summary>
public static class UsageByIds
{
    /// <summary>Usage under a correlation id, in the order in which it was recorded.</summary>
    public static Task<IReadOnlyList<UsageRow>> CorrelatedAsync(
        this IUsageReader read, string org, string correlationId, int limit, CancellationToken cancellationToken) =>
        ListAsync(read, new(org, Instant.UnixEpoch, EndOfAll, CorrelationId: correlationId, Limit: limit), cancellationToken);

    /// <summary>Usage of an operation, in the order in which it was recorded.</summary>
    public static Task<IReadOnlyList<UsageRow>> OfOperationAsync(
        this IUsageReader read, string org, string operationId, CancellationToken cancellationToken) =>
        ListAsync(read, new(org, Instant.UnixEpoch, EndOfAll, OperationId: operationId), cancellationToken);

    private static readonly Instant EndOfAll = new(long.MaxValue);

    private static async Task<IReadOnlyList<UsageRow>> ListAsync(IUsageReader read, UsageFilter filter, CancellationToken cancellationToken)
    {
        var rows = new List<UsageRow>();
        await foreach (var row in read.UsageAsync(filter, cancellationToken)) rows.Add(row);
        return rows;
    }
}

/// <summary>Which usage records. Null: any.</summary>
/// <param name="After">Resume just after this usage number, for pages.</param>
public sealed record UsageFilter(
    string Org, Instant From, Instant To, string? OperationId = null, string? CorrelationId = null, string? Project = null, string? Team = null,
    string? Key = null, string? EndUser = null, string? Feature = null, string? Model = null, long After = 0, int Limit = int.MaxValue,
    UsageSource? Source = null, string? AppInstance = null, string? TraceId = null, string? WorkflowId = null)
{
    /// <summary>The id that the row index finds the rows by: of those given, the one that fewest rows share. Null: no id is given.</summary>
    public (UsageIdKind Kind, string Id)? Id
    {
        get
        {
            var given = new UsageIds(OperationId, CorrelationId, TraceId, WorkflowId, EndUser).All().ToList();
            return given.Count == 0 ? null : given[0];
        }
    }
}

/// <param name="Status">The provider's; 0: it gave no answer.</param>
/// <param name="LastAt">When the newest of them occurred.</param>
public sealed record StatusCount(UsageLabels Labels, int Status, long Attempts, Instant LastAt);

public sealed record CellLine(Instant Hour, UsageLabels Labels, CellChange Sums);
