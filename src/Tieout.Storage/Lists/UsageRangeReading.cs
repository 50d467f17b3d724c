using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Storage.Follower;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Lists;

/// <summary>Reads all usage of a filter with its lines, as of one commit.</summary>
/// <param name="labels">The labels of an attribution number.</param>
internal sealed class UsageRangeReading(Followed followed, UsageRangeQuery query, Func<int, UsageLabels> labels)
{
    /// <summary>Rows between two looks at whether somebody still waits.</summary>
    private const int RowsBetweenLooks = 1_000;

    public UsageRange Range(CancellationToken cancellationToken) => new(Lines(), Rows(cancellationToken));

    private List<LabelledLine> Lines()
    {
        var (filter, lines) = (query.Filter, new List<LabelledLine>());
        foreach (var line in new RecountReading(followed, no => labels(no).Org).Sums(new(query.Org, filter.From, filter.To, query.Slot)))
        {
            var of = line.Key.Labels == 0 ? Standings.NoUsage(query.Org.Org.Id) : labels(line.Key.Labels);
            if (filter.Matches(of)) lines.Add(new(line.Key.Start, of, line));
        }

        return lines;
    }

    private IEnumerable<UsageEntry> Rows(CancellationToken cancellationToken)
    {
        var read = 0;
        var page = new UsagePageQuery(query.Org, query.Filter, OldestFirst: true, After: null, int.MaxValue);
        foreach (var row in new UsagePageReading(followed, page, labels).All())
        {
            if (read++ % RowsBetweenLooks == 0) cancellationToken.ThrowIfCancellationRequested();
            yield return row;
        }
    }
}
