using Tieout.Core;
using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Finds usage rows without looking at others, as of the newest commit: in the follower's index, and among the rows after its position. A look-up
/// costs the same however many rows there are.</summary>
public interface IRowIndexReader
{
    /// <summary>Numbers of the usage rows that count in an hour under some labels, newest first.</summary>
    /// <param name="hour">When an hour of UTC begins.</param>
    /// <param name="labels">Numbers of labels of the org.</param>
    /// <param name="before">Only rows of lower numbers, for pages; <see cref="long.MaxValue"/>: all.</param>
    /// <param name="limit">Zero or more.</param>
    Task<IReadOnlyList<long>> HourAsync(
        OrgState org, Instant hour, IReadOnlyCollection<int> labels, long before, int limit, CancellationToken cancellationToken);
}
