using System.Data;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Storage.Follower;
using Tieout.Storage.Postgres.Reading;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Follower;

/// <summary>Sums from the derived tables and the ledger's, as of one moment.</summary>
internal sealed class PostgresRecountReader(PostgresConnections connections, Buckets layout, PostgresLabels labels) : IRecountReader
{
    public Task<IReadOnlyList<LabelledLine>> SumsAsync(RecountQuery query, CancellationToken cancellationToken) =>
        ReadAsync(query.Org, (reading, of) => Labelled(query.Org, reading.Sums(query), of), cancellationToken);

    public Task<IReadOnlyList<LabelledCosts>> ClassCostsAsync(RecountQuery query, CancellationToken cancellationToken) =>
        ReadFollowedAsync<IReadOnlyList<LabelledCosts>>(query.Org, (followed, of) => [.. new ClassCostReading(followed, no => of(no).Org).Costs(query).Select(
            costs => new LabelledCosts(costs.Key.Start, of(costs.Key.Labels), costs))], cancellationToken);

    public Task<IReadOnlyList<StatusCount>> StatusesAsync(RecountQuery query, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<StatusCount>>(query.Org, (reading, of) => [.. reading.Statuses(query).Select(line =>
            StatusCount.Of(line, of(line.Key.Of.Labels)))], cancellationToken);

    public Task<MonthSums> MonthAsync(OrgState org, Instant from, Instant to, CancellationToken cancellationToken) => ReadAsync(
        org, (reading, of) => new MonthSums(Labelled(org, reading.Sums(new(org, from, to)), of), reading.Months(org, to)), cancellationToken);

    private static IReadOnlyList<LabelledLine> Labelled(OrgState org, IReadOnlyList<RecountLine> lines, Func<int, UsageLabels> of) =>
        [.. lines.Select(line => new LabelledLine(line.Key.Start, line.Key.Labels == 0 ? Standings.NoUsage(org.Org.Id) : of(line.Key.Labels), line))];

    private Task<T> ReadAsync<T>(OrgState org, Func<RecountReading, Func<int, UsageLabels>, T> read, CancellationToken cancellationToken) =>
        ReadFollowedAsync(org, (followed, of) => read(new(followed, no => of(no).Org), of), cancellationToken);

    private Task<T> ReadFollowedAsync<T>(OrgState org, Func<Followed, Func<int, UsageLabels>, T> read, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org.Org.Id);
        return connections.RunAsync(async connection =>
        {
            await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            await labels.LoadAsync(connection, bucket);
            var (tables, of) = (new BucketRows(connection, bucket), labels.Of(bucket));
            return await Task.Run(() => read(new(FollowerPosition.Read(tables), tables, tables), of), cancellationToken);
        });
    }
}
