using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Which rows of findings, newest first. Null: any. Every combination is read by an index.</summary>
/// <param name="Before">Only rows that come after this place in the list, for pages.</param>
/// <param name="Open">Only findings that are open, each by its newest row.</param>
public sealed record FindingQuery(string? Org, string? Code, RowPlace? Before, int Limit, bool Open = false);

/// <param name="Bucket">The book it lies in; 0 where there is one book.</param>
public sealed record StoredFinding(int Bucket, FindingRow Row)
{
    public RowPlace Place => new(Row.RecordedAt.UnixMicros, Bucket, Row.Seq);
}
