using System.Text.Json;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Ledger;
using Tieout.Server.Jobs;

namespace Tieout.Server.Reconciliation.Lineages;

/// <summary>What is recorded of an audited hour; of <see cref="HourName.Through"/>, how far the hours go.</summary>
/// <param name="Through">By book: the last step that was looked at.</param>
/// <param name="Next">The first hour that is not audited; null: the record is of an hour.</param>
public sealed record LineageHourBody(
    IReadOnlyList<AuditedRows> Books, IReadOnlyDictionary<string, SettledLine> Lines, IReadOnlyDictionary<int, long> Through, string? Next = null)
{
    internal static LineageHourBody Parse(RecordRow row) => JsonSerializer.Deserialize(row.Body, LineageJson.Default.LineageHourBody)!;

    internal static LineageHourBody Of(AuditedSpan span) => new(span.Books, span.Lines, span.Through);

    internal AuditedSpan ToSpan(string name)
    {
        var start = HourName.StartOf(name);
        return new(start, start + HourName.Length, Books, Lines, Through);
    }

    internal string ToJson() => JsonSerializer.Serialize(this, LineageJson.Default.LineageHourBody);
}
