using System.Diagnostics;
using Npgsql;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Postgres.Writing;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>How new the figures of this node are: compared with the database, or refused.</summary>
internal sealed class PostgresPosition(PostgresConnections connections, Buckets layout, Bucket[] buckets, HeadWatch watch) : ILedgerPosition
{
    /// <summary>Figures may be this much behind what another node has just committed, never behind this node's own commits (Q1).</summary>
    private static readonly TimeSpan FreshWithin = TimeSpan.FromMilliseconds(20);

    public long AsOf => watch.AsOf;

    public TimeSpan? StaleFor
    {
        get
        {
            if (connections.Failure is null) return null;
            var oldest = buckets.Max(bucket => bucket.SinceChecked ?? TimeSpan.MaxValue);
            return oldest < FreshWithin ? null : oldest;
        }
    }

    public async Task ReachAsync(long commit)
    {
        if (connections.Failure is { } failure) throw new StoreUnavailableException(failure, StoreEffect.None, StoreFault.Busy);
        await watch.LookAsync(all: true);
        if (AsOf >= commit) return;
        throw new StoreUnavailableException(
            $"The store has {AsOf} commits, and commit {commit} was asked for: it was read from a later state of the store, or from another one.",
            StoreEffect.None, StoreFault.Busy);
    }

    /// <summary>The org's bucket, its book compared with the database unless that was done just now.</summary>
    /// <exception cref="StoreUnavailableException">The database has not said within the promised time that the figures are the newest, and cannot be asked
    /// now.</exception>
    public Bucket Fresh(string org)
    {
        var bucket = buckets[layout.Of(org)];
        if (bucket.WasCheckedWithin(FreshWithin)) return bucket;

        // During an outage nobody waits for it: the watch asks, and the first answer ends this.
        if (connections.Failure is { } failure) throw NotFresh(bucket, failure);
        try
        {
            var asked = Stopwatch.GetTimestamp();
            using var connection = connections.Source.OpenConnection();
            using var batch = new NpgsqlBatch(connection);
            batch.Add("SELECT commit_no FROM heads WHERE bucket = $1", bucket.Number);
            if (batch.ExecuteScalar() is not long commit) throw PostgresConnections.NoHead(bucket.Number);
            if (bucket.LastCommit < commit) bucket.CatchUpAsync(commit).GetAwaiter().GetResult();
            bucket.Checked(asked);
            return bucket;
        }
        catch (Exception lost) when (PostgresFailure.IsWorld(lost) || lost is StoreUnavailableException)
        {
            var reason = PostgresFailure.ToUnavailable(lost, StoreEffect.None).Message;
            connections.Failed(reason);
            throw NotFresh(bucket, reason);
        }
    }

    /// <summary>As new as can be had: during an outage figures of all orgs together are those last known.</summary>
    public void CompareAll()
    {
        try
        {
            ReachAsync(commit: 0).GetAwaiter().GetResult();
        }
        catch (StoreUnavailableException failure)
        {
            connections.Failed(failure.Message);
        }
    }

    private static StoreUnavailableException NotFresh(Bucket bucket, string reason) => new(
        $"The newest figures cannot be read: {reason} The last ones known are {bucket.SinceChecked?.TotalSeconds ?? 0:0.0} s old.", StoreEffect.None,
        StoreFault.Busy);
}
