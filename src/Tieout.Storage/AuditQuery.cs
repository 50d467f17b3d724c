using System.Globalization;
using Tieout.Core;
using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Which audit records, newest first. Null: any. Every combination is read by an index.</summary>
/// <param name="Org">Empty: the platform's own.</param>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
/// <param name="Before">Only records that come after this place in the list, for pages.</param>
public sealed record AuditQuery(string? Org, string? Actor, Instant? From, Instant? To, AuditPlace? Before, int Limit);

/// <summary>A record's place among all audit records, in the order of time.</summary>
/// <param name="Bucket">The book it lies in; 0 where there is one book.</param>
public readonly record struct AuditPlace(long RecordedAtMicros, int Bucket, long Seq)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{RecordedAtMicros}.{Bucket}.{Seq}");

    public static bool TryParse(string text, out AuditPlace place)
    {
        place = default;
        if (text.Split('.') is not [var at, var bucket, var seq]) return false;
        if (!long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var micros)
            || !int.TryParse(bucket, NumberStyles.None, CultureInfo.InvariantCulture, out var book)
            || !long.TryParse(seq, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        place = new(micros, book, number);
        return true;
    }
}

/// <param name="Bucket">The book it lies in; 0 where there is one book.</param>
public sealed record StoredAudit(int Bucket, AuditRow Row)
{
    public AuditPlace Place => new(Row.RecordedAt.UnixMicros, Bucket, Row.Seq);
}
