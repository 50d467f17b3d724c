using Tieout.Core.Ledger;
using Tieout.Storage.Reconciliation;

namespace Tieout.Storage;

/// <summary>Findings, and the run over the whole book that makes them.</summary>
public interface IFindingsReader
{
    /// <summary>Rows of findings, newest first.</summary>
    Task<IReadOnlyList<StoredFinding>> FindingsAsync(FindingQuery query, CancellationToken cancellationToken);

    /// <summary>The newest rows of findings, of one org or of all.</summary>
    async Task<IReadOnlyList<FindingRow>> FindingsAsync(string? org, int limit, CancellationToken cancellationToken) =>
        [.. (await FindingsAsync(new(org, Code: null, Before: null, limit), cancellationToken)).Select(stored => stored.Row)];

    /// <summary>Goes through the whole book once, as of one commit, and says what does not agree with what. Changes nothing.</summary>
    Task<BookReport> ReconcileAsync(BookQuery query, CancellationToken cancellationToken);
}
