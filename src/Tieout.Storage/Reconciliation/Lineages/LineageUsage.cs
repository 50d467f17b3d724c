using Tieout.Core.Attribution.Audit;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>Finds usage that came through the gateway and has no step.</summary>
internal static class LineageUsage
{
    /// <summary>Usage rows that one statement looks at. Few of them are found.</summary>
    private const int RowsAtOnce = 20_000;

    /// <param name="org">Null: of all.</param>
    public static IEnumerable<UnlinkedUsage> Unlinked(ILineageBooks books, int book, string? org, RowSpan rows, CancellationToken cancellationToken)
    {
        for (var after = rows.After; after < rows.Last; after += RowsAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (from, to) = (after, Math.Min(after + RowsAtOnce, rows.Last));
            foreach (var usage in NotOfOthers(books, book, books.Read(book, tables => LineageRows.Unlinked(tables, org, from, to)))) yield return usage;
        }
    }

    /// <summary>Without attempts of operations in other books. Where nearly every attempt is without an envelope, none is looked for.</summary>
    private static IEnumerable<UnlinkedUsage> NotOfOthers(ILineageBooks books, int book, List<UnlinkedUsage> unlinked)
    {
        if (unlinked.Count is 0 or > LineagePages.OperationsAtOnce) return unlinked;
        var ids = unlinked.Select(usage => usage.OperationId).ToHashSet(StringComparer.Ordinal);
        var elsewhere = books.All.Where(other => other != book)
            .SelectMany(other => books.Read(other, tables => LineageRows.Named(tables, ids)))
            .Select(step => step.Entry.Row.Step.Id).ToHashSet(StringComparer.Ordinal);
        return unlinked.Where(usage => !elsewhere.Contains(usage.Id.ToString()));
    }
}
