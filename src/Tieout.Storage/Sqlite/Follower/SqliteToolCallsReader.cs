using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tools;
using Tieout.Storage.Follower;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>Tool calls from the derived file and the ledger's records after them; without a derived file that can be read, from the ledger's records
/// alone.</summary>
internal sealed class SqliteToolCallsReader(ReadConnections ledger, DerivedStore derived) : IToolCallsReader
{
    public Task<IReadOnlyList<ToolHour>> ToolHoursAsync(RecountQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(derived.Read(ledger, (followed, _) => new ToolReading(followed).Hours(query), cancellationToken));
}
