using Tieout.Core;
using Tieout.Core.Attribution.Audit;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>A part of an audited time in one book: what of it is looked at.</summary>
/// <param name="Steps">Operations that begin there.</param>
/// <param name="Usage">Rows of it that may have no step.</param>
/// <param name="Settled">What an earlier audit settled; null: it did not look there.</param>
internal sealed record LineagePiece(IReadOnlyList<RowSpan> Steps, IReadOnlyList<RowSpan> Usage, AuditedRows? Settled)
{
    /// <summary>Whether the operation that begins with a step is settled already.</summary>
    public bool IsSettled(long step) => Settled?.IsSettled(step) ?? false;

    /// <summary>The range of a query in one book, in its order: the spans that were audited before, and what lies between them.</summary>
    public static List<LineagePiece> Of(ILedgerTables tables, LineageQuery query)
    {
        var (pieces, from) = (new List<LineagePiece>(), query.From);
        foreach (var span in query.Spans)
        {
            if (span.From > from) pieces.Add(Between(tables, from, span.From));
            if (span.Books.FirstOrDefault(rows => rows.Book == tables.Bucket) is { } rows)
            {
                pieces.Add(new(rows.Unsettled, rows.HasUnlinked ? [rows.Usage] : [], rows));
            }

            from = span.To;
        }

        if (query.To > from) pieces.Add(Between(tables, from, query.To));
        return pieces;
    }

    /// <summary>The rows of a book that were recorded in a time.</summary>
    public static (RowSpan Steps, RowSpan Usage) RowsOf(ILedgerTables tables, Instant from, Instant to)
    {
        var (before, last) = (Chain.LastBefore(tables, from).Last, Chain.LastBefore(tables, to).Last);
        return (new(before.Lineage, last.Lineage), new(before.Usage, last.Usage));
    }

    private static LineagePiece Between(ILedgerTables tables, Instant from, Instant to)
    {
        var (steps, usage) = RowsOf(tables, from, to);
        return new([steps], [usage], Settled: null);
    }
}
