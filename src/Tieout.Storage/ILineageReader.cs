using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage;

/// <summary>Audits lineages: whether operations kept the identity that they were issued with.</summary>
public interface ILineageReader
{
    /// <summary>Goes once through the operations that began in a range and through the usage recorded in it, some thousands at a time. Changes
    /// nothing.</summary>
    Task<LineageReport> AuditLineageAsync(LineageQuery query, CancellationToken cancellationToken);

    /// <summary>Audits a time that is over, and says what of it is settled for good.</summary>
    /// <param name="query">Of all orgs; its spans are not used.</param>
    Task<AuditedSpan> AuditSpanAsync(LineageQuery query, CancellationToken cancellationToken);

    /// <summary>About when the first usage or step was recorded from a time on, some seconds early at most; null: none was.</summary>
    Task<Instant?> FirstRowAsync(Instant from, CancellationToken cancellationToken);

    /// <summary>Which spans later steps continue an operation of, or take one up under another org. They do not stand any more.</summary>
    /// <param name="through">By book: the last step that was looked at before.</param>
    Task<IReadOnlyList<AuditedSpan>> TouchedAsync(
        IReadOnlyList<AuditedSpan> spans, IReadOnlyDictionary<int, long> through, CancellationToken cancellationToken);
}

/// <param name="Org">Null: all.</param>
/// <param name="From">Recorded from here on: times of the ledger's clock, so that no row comes into a range that is over.</param>
/// <param name="To">Not included.</param>
/// <param name="Keys">What links are checked with; null: there is no secret here, and links are not checked.</param>
/// <param name="Repaired">Usage that a correction made in place of other usage: it is no step of its operation.</param>
/// <param name="Most">Findings that are named; the rest is counted.</param>
public sealed record LineageQuery(
    string? Org, Instant From, Instant To, KeyRing? Keys, Instant Now, IReadOnlySet<AttemptId> Repaired, int Most = LineageQuery.FindingsMax)
{
    public const int FindingsMax = 1_000;

    /// <summary>Times that were audited before, in their order: what they settled is not looked at again.</summary>
    public IReadOnlyList<AuditedSpan> Spans { get; init; } = [];
}

/// <param name="Lines">By org.</param>
/// <param name="IsAtLeast">The reader stopped counting operations without an envelope at its limit: there are at least as many.</param>
/// <param name="Sample">An operation of several attempts, whole if there is such a one; null: there is none.</param>
/// <param name="More">Defects that are not among the findings.</param>
public sealed record LineageReport(
    IReadOnlyDictionary<string, LineageLine> Lines, bool IsAtLeast, IReadOnlyList<Finding> Findings, AuditedOperation? Sample, long More);
