using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage;

/// <summary>Attempts: their holds, usage and lineage, and everything written about one.</summary>
public interface IAttemptsReader
{
    /// <summary>One attempt; null: unknown, or of another org.</summary>
    Task<Attempt?> AttemptAsync(string org, AttemptId id, CancellationToken cancellationToken);

    /// <summary>All attempts of an operation: holds and usage, in the order they were made.</summary>
    Task<IReadOnlyList<Attempt>> OperationAsync(string org, string operationId, CancellationToken cancellationToken);

    /// <summary>What happened to the envelopes of an operation, in the order in which it was recorded.</summary>
    Task<IReadOnlyList<LineageEntry>> LineageAsync(string org, string operationId, CancellationToken cancellationToken);

    /// <summary>All that was written about an attempt of the org, with its commits.</summary>
    Task<AttemptRecords> RecordsAsync(string org, Attempt attempt, CancellationToken cancellationToken);
}
