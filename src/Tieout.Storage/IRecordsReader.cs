using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Records that are only ever added: evidence, administrative actions, outbox messages.</summary>
public interface IRecordsReader
{
    /// <summary>The newest record of a name; null: there is none.</summary>
    Task<RecordRow?> RecordAsync(RecordKey key, CancellationToken cancellationToken);

    /// <summary>The newest record of a name in each org that has it, and of the platform.</summary>
    Task<IReadOnlyList<RecordRow>> RecordsNamedAsync(RecordKind kind, string name, CancellationToken cancellationToken);

    /// <summary>The newest record of each name, in the order of orgs and names.</summary>
    /// <param name="org">Null: of all orgs. Empty: the platform's own.</param>
    /// <param name="after">Only names that come after this one, for pages.</param>
    Task<IReadOnlyList<RecordRow>> RecordsAsync(RecordKind kind, string? org, RecordKey? after, int limit, CancellationToken cancellationToken);

    /// <summary>Administrative actions, newest first (U1).</summary>
    Task<IReadOnlyList<StoredAudit>> AuditAsync(AuditQuery query, CancellationToken cancellationToken);

    /// <summary>Outbox messages by number, from just after <paramref name="after"/>.</summary>
    Task<IReadOnlyList<OutboxRow>> OutboxAsync(string? org, long after, int limit, CancellationToken cancellationToken);
}
