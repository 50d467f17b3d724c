using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Objects that a provider stores for an org under its own id: files, batches, runtimes.</summary>
public interface IObjectsReader
{
    /// <summary>What a provider keeps for an org under its own id; null: nothing that was recorded, or not for this org.</summary>
    Task<KeptObject?> ObjectAsync(string org, ObjectKind kind, string id, CancellationToken cancellationToken);

    /// <summary>An org's objects of a kind, newest first, ended ones too.</summary>
    /// <param name="before">Only those with a lower number, for pages.</param>
    Task<IReadOnlyList<KeptObject>> ObjectsAsync(string org, ObjectKind kind, long before, int limit, CancellationToken cancellationToken);

    /// <summary>How many of an org's objects of a kind have not ended, counted up to <paramref name="limit"/>.</summary>
    Task<long> CountObjectsAsync(string org, ObjectKind kind, int limit, CancellationToken cancellationToken);

    /// <summary>Objects of all orgs of which something is still to come, oldest first: what a restart has to go on following.</summary>
    /// <param name="after">Only those with a higher number, for pages.</param>
    Task<IReadOnlyList<KeptObject>> PendingObjectsAsync(ObjectKind kind, long after, int limit, CancellationToken cancellationToken);
}
