using System.Runtime.CompilerServices;
using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>All records of a kind, page by page, so that memory never has more than a page of them.</summary>
public static class RecordPages
{
    private const int PageRows = 500;

    /// <summary>The newest record of each name that begins with <paramref name="prefix"/>, of one org, in the order of names. Empty: every name.</summary>
    public static async IAsyncEnumerable<RecordRow> AllRecordsAsync(
        this IRecordsReader reader, RecordKind kind, string org, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in PagesAsync(reader, kind, org, new(kind, org, prefix), cancellationToken))
        {
            if (!row.Name.StartsWith(prefix, StringComparison.Ordinal)) yield break;
            yield return row;
        }
    }

    /// <summary>The newest record of each name, in the order of orgs and names.</summary>
    /// <param name="org">Null: of all orgs. Empty: the platform's own.</param>
    public static IAsyncEnumerable<RecordRow> AllRecordsAsync(this IRecordsReader reader, RecordKind kind, string? org, CancellationToken cancellationToken) =>
        PagesAsync(reader, kind, org, after: null, cancellationToken);

    /// <summary>The newest record of each name of one org that comes from <paramref name="from"/> on and before <paramref name="to"/>, in the order of names.</summary>
    public static async IAsyncEnumerable<RecordRow> RecordsBetweenAsync(
        this IRecordsReader reader, RecordKind kind, string org, string from, string to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await reader.RecordAsync(new(kind, org, from), cancellationToken) is { } first) yield return first;
        await foreach (var row in PagesAsync(reader, kind, org, new(kind, org, from), cancellationToken))
        {
            if (string.CompareOrdinal(row.Name, to) >= 0) yield break;
            yield return row;
        }
    }

    private static async IAsyncEnumerable<RecordRow> PagesAsync(
        IRecordsReader reader, RecordKind kind, string? org, RecordKey? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await reader.RecordsAsync(kind, org, after, PageRows, cancellationToken);
            foreach (var row in page) yield return row;
            if (page.Count < PageRows) yield break;
            after = page[^1].Key;
        }
    }
}
