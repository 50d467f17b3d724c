using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Storage.Follower;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>Sums from the derived file and the ledger's; without a derived file that can be read, from the ledger's rows alone.</summary>
internal sealed class SqliteRecountReader(ReadConnections ledger, DerivedStore derived) : IRecountReader
{
    public Task<IReadOnlyList<LabelledLine>> SumsAsync(RecountQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(Read((reading, connection) => Labelled(connection, query.Org, reading.Sums(query)), cancellationToken));

    public Task<IReadOnlyList<StatusCount>> StatusesAsync(RecountQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(Read<IReadOnlyList<StatusCount>>((reading, connection) => [.. reading.Statuses(query).Select(line =>
            StatusCount.Of(line, ledger.Labels(connection, line.Key.Of.Labels)))], cancellationToken));

    public Task<MonthSums> MonthAsync(OrgState org, Instant from, Instant to, CancellationToken cancellationToken) =>
        Task.FromResult(Read((reading, connection) => new MonthSums(
            Labelled(connection, org, reading.Sums(new(org, from, to))), reading.Months(org, to)), cancellationToken));

    public Task<IReadOnlyList<LabelledCosts>> ClassCostsAsync(RecountQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(derived.Read<IReadOnlyList<LabelledCosts>>(
            ledger, (followed, connection) => [.. new ClassCostReading(followed, no => ledger.Labels(connection, no).Org).Costs(query).Select(
                costs => new LabelledCosts(costs.Key.Start, ledger.Labels(connection, costs.Key.Labels), costs))], cancellationToken));

    private IReadOnlyList<LabelledLine> Labelled(RawConnection connection, OrgState org, IReadOnlyList<RecountLine> lines) => [.. lines.Select(line =>
        new LabelledLine(line.Key.Start, line.Key.Labels == 0 ? Standings.NoUsage(org.Org.Id) : ledger.Labels(connection, line.Key.Labels), line))];

    private T Read<T>(Func<RecountReading, RawConnection, T> read, CancellationToken cancellationToken) => derived.Read(
        ledger, (followed, connection) => read(new(followed, no => ledger.Labels(connection, no).Org), connection), cancellationToken);
}
