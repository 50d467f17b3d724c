using Tieout.Core.Ledger;
using Tieout.Storage.Rows;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Balances and open holds from the image of the last commit; ended holds from the file.</summary>
internal sealed class SqliteBalances(ReadConnections connections, LedgerWriter writer) : IBalances
{
    public Account? Balance(string org) => writer.Pipeline.Read(image => image.Org(org) is { } state ? image.Account(state, AccountKind.Customer) : null);

    public IReadOnlyList<Hold> OpenHolds(string? org) => writer.Pipeline.Read(image =>
        image.OpenHolds.Where(hold => org is null || hold.Scope.Org == org).OrderBy(hold => hold.Seq).ToArray());

    public Task<IReadOnlyList<HeldAttempt>> HoldsAsync(string? org, HoldState state, int limit, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken, connection =>
    {
        var query = new Query($"SELECT {RowReads.HoldColumns}, e.ended_at FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq");
        query = state == HoldState.Open ? query.Where("e.hold IS NULL") : query.Where("e.state = ?", (long)state);
        return query.WhereGiven("h.attribution IN (SELECT no FROM attributions WHERE org = ?)", org)
            .Then("ORDER BY h.seq DESC LIMIT ?", limit)
            .List(connection,
                s => new HeldAttempt(RowReads.Hold(s, no => connections.Labels(connection, no)).Hold, state, s.IsNull(9) ? null : RowReads.Time(s, 9)));
    });
}
