using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;

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

    /// <summary>The envelopes that the attempts of operations were made under.</summary>
    Task<IReadOnlyDictionary<AttemptId, AttemptEnvelope>> EnvelopesAsync(
        string org, IReadOnlyList<string> operations, CancellationToken cancellationToken);

    /// <summary>All that was written about an attempt of the org, with its commits.</summary>
    Task<AttemptRecords> RecordsAsync(string org, Attempt attempt, CancellationToken cancellationToken);
}

/// <summary>Which envelope an attempt was made under.</summary>
/// <param name="SigningKey">The key that signed it.</param>
public sealed record AttemptEnvelope(string Issuance, string SigningKey)
{
    /// <summary>The columns of <c>lineage</c> that <see cref="Read"/> reads.</summary>
    internal const string Columns = "id, issuance_id, key_id";

    /// <summary>Puts the envelopes together by attempt.</summary>
    internal static IReadOnlyDictionary<AttemptId, AttemptEnvelope> ByAttempt(IEnumerable<(AttemptId? Id, AttemptEnvelope Envelope)> rows)
    {
        var envelopes = new Dictionary<AttemptId, AttemptEnvelope>();
        foreach (var (id, envelope) in rows)
        {
            if (id is { } attempt) envelopes.TryAdd(attempt, envelope);
        }

        return envelopes;
    }

    internal static (AttemptId? Id, AttemptEnvelope Envelope) Read(IRow row) =>
        (Guid.TryParse(row.Text(0), out var id) ? new AttemptId(id) : null, new(row.Text(1), row.Text(2)));
}
