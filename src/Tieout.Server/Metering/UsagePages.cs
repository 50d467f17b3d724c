using System.Runtime.CompilerServices;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>Every row of a list, page after page, so that a long list needs no more memory than a short one.</summary>
internal static class UsagePages
{
    /// <summary>Rows of a page: some megabytes.</summary>
    private const int Rows = 10_000;

    /// <summary>The next page is read while the caller works on this one.</summary>
    public static async IAsyncEnumerable<IReadOnlyList<UsageEntry>> AllAsync(
        UsageRequest request, IUsageReader read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        UsagePlace? place = null;
        var next = ReadAsync();
        while (true)
        {
            var page = await next;
            if (page.Count == 0) yield break;
            place = After(place, page);
            var isLast = page.Count < Rows;
            if (!isLast) next = ReadAsync();
            yield return page;
            if (isLast) yield break;
        }

        // The store reads on the thread that asks.
        Task<IReadOnlyList<UsageEntry>> ReadAsync() => Task.Run(() => read.PageAsync(request.Page(place, Rows), cancellationToken), cancellationToken);
    }

    /// <summary>The place after a page. Only rows of its last hour are part of it.</summary>
    private static UsagePlace? After(UsagePlace? place, IReadOnlyList<UsageEntry> page)
    {
        var (hour, first) = (UsagePlace.HourOf(page[^1].EffectiveAt), page.Count - 1);
        while (first > 0 && UsagePlace.HourOf(page[first - 1].EffectiveAt) == hour) first--;
        for (var i = first; i < page.Count; i++) place = UsagePlace.After(place, page[i]);
        return place;
    }
}
