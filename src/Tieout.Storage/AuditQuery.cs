using Tieout.Core;
using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Which audit records, newest first. Null: any. Every combination is read by an index.</summary>
/// <param name="Org">Empty: the platform's own.</param>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
/// <param name="Before">Only records that come after this place in the list, for pages.</param>
public sealed record AuditQuery(string? Org, string? Actor, Instant? From, Instant? To, RowPlace? Before, int Limit);

/// <param name="Bucket">The book it lies in; 0 where there is one book.</param>
public sealed record StoredAudit(int Bucket, AuditRow Row)
{
    public RowPlace Place => new(Row.RecordedAt.UnixMicros, Bucket, Row.Seq);
}
