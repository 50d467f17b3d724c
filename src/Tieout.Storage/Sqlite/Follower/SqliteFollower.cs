using Tieout.Storage.Follower;
using Tieout.Storage.Sqlite.Reading;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>The follower of an embedded ledger: it reads with a connection of its own up to the last checkpoint, and writes to a file of its own.</summary>
internal sealed class SqliteFollower : IFollower, IDisposable
{
    private readonly Lock _gate = new();
    private readonly BookFollower _book = new();
    private readonly ReadConnections _connections;
    private readonly DerivedStore _derived;

    public SqliteFollower(ReadConnections connections, DerivedStore derived)
    {
        (_connections, _derived) = (connections, derived);
        try
        {
            // From the start on, reports read what was counted before.
            _derived.Open();
        }
        catch (StoreUnavailableException)
        {
            // The next step tries again and says why; until one succeeds, reports read rows.
        }
    }

    public FollowerStanding Standing => new(_book.RowsBehind, _book.Compared, _book.Drifts);

    public Task<FollowerProgress> StepAsync(CancellationToken cancellationToken) => Task.Run(() =>
    {
        lock (_gate)
        {
            var derived = _derived.Open();
            try
            {
                return Step(derived, cancellationToken);
            }
            catch (Exception damaged) when (DerivedFile.IsDamage(damaged))
            {
                // What was counted is damaged, or the ledger is.
                _derived.Doubt();
                var anew = _derived.Open();
                if (ReferenceEquals(anew, derived)) throw;
                return Step(anew, cancellationToken);
            }
        }
    }, cancellationToken);

    public Task ResetAsync(CancellationToken cancellationToken) => Task.Run(() =>
    {
        lock (_gate) _derived.Open().Reset();
    }, cancellationToken);

    /// <summary>Drops what was counted and counts rows that are no longer in the ledger, up to a commit. The next step goes on with those that are.</summary>
    /// <returns>How many rows were counted.</returns>
    public long CountAnew(ILedgerTables archived, long through)
    {
        lock (_gate)
        {
            var (derived, step) = (_derived.Open(), new FollowerStep());
            derived.Reset();
            for (var from = FollowerPosition.Start; ; from = FollowerPosition.Read(derived))
            {
                if (step.Count(from, archived, through) is not { } counted) return from.Usage + from.Posting;
                derived.Add(counted, IdRunChange.Of(derived, counted), SketchChange.Of(derived, counted.Sketches));
            }
        }
    }

    public void Dispose()
    {
        lock (_gate) _derived.Dispose();
    }

    private FollowerProgress Step(DerivedFile derived, CancellationToken cancellationToken) => _connections.Read(cancellationToken, connection =>
        _book.Step(derived, new SqliteTables(connection), connection.ReadInt64("SELECT commit_no FROM checkpoint")));
}
