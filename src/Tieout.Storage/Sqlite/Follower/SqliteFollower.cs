using Tieout.Storage.Follower;
using Tieout.Storage.Sqlite.Reading;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>The follower of an embedded ledger: it reads with a connection of its own up to the last checkpoint, and writes to a file of its own.</summary>
internal sealed class SqliteFollower(ReadConnections connections, DerivedFile? derived) : IFollower
{
    private readonly Lock _gate = new();
    private readonly BookFollower _book = new();

    public FollowerStanding Standing => new(_book.RowsBehind, _book.Compared, _book.Drifts);

    public Task<FollowerProgress> StepAsync(CancellationToken cancellationToken) => Task.Run(() =>
    {
        lock (_gate)
        {
            if (derived is null) return new FollowerProgress(0, IsCurrent: true, []);
            return connections.Read(cancellationToken, connection =>
                _book.Step(derived, new SqliteTables(connection), connection.ReadInt64("SELECT commit_no FROM checkpoint")));
        }
    }, cancellationToken);

    public Task ResetAsync(CancellationToken cancellationToken) => Task.Run(() =>
    {
        lock (_gate) derived?.Reset();
    }, cancellationToken);
}
