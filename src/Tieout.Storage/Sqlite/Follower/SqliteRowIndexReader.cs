using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Follower;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>The row index of the derived file, and the ledger's rows after it; without a derived file that can be read, the ledger's rows alone.</summary>
internal sealed class SqliteRowIndexReader(ReadConnections ledger, DerivedStore derived) : IRowIndexReader
{
    public Task<IReadOnlyList<long>> HourAsync(
        OrgState org, Instant hour, IReadOnlyCollection<int> labels, long before, int limit, CancellationToken cancellationToken) =>
        Task.FromResult(derived.Read(
            ledger, (followed, _) => new RowIndexReading(followed).Hour(hour, labels, before, limit), cancellationToken));
}
