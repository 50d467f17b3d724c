using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Balances and open holds from this node's books, compared with the database first; ended holds from the tables.</summary>
internal sealed class PostgresBalances(PostgresConnections connections, Buckets layout, Bucket[] buckets, PostgresPosition position, PostgresLabels labels)
    : IBalances
{
    public Account? Balance(string org) =>
        position.Fresh(org).Read(book => book.Org(org) is { } state ? book.Account(state.AccountNo(AccountKind.Customer)) : null);

    public IReadOnlyList<Hold> OpenHolds(string? org)
    {
        if (org is null) position.CompareAll();
        var where = org is null ? buckets : [position.Fresh(org)];
        return [.. where.SelectMany(bucket => bucket.Read(book => book.Attempts.Values
            .Where(attempt => attempt is { State: HoldState.Open, Hold: { } hold } && (org is null || hold.Scope.Org == org))
            .Select(attempt => attempt.Hold!).OrderBy(hold => hold.Seq).ToArray()))];
    }

    public async Task<IReadOnlyList<HeldAttempt>> HoldsAsync(string? org, HoldState state, int limit, CancellationToken cancellationToken) =>
        await connections.RunAsync(async connection =>
    {
        var columns = $"SELECT {RowReads.HoldColumns}, e.ended_at, h.bucket FROM holds h LEFT JOIN hold_ends e ON";
        var query = org is null
            ? new PgQuery($"{columns} e.bucket = h.bucket AND e.hold = h.seq")
            : new PgQuery($"{columns} e.bucket = ? AND e.hold = h.seq", layout.Of(org))
                .Where("h.bucket = ? AND h.attribution IN (SELECT no FROM attributions a WHERE a.bucket = ? AND a.org = ?)", layout.Of(org), layout.Of(org),
                    org);
        query = state == HoldState.Open ? query.Where("e.hold IS NULL") : query.Where("e.state = ?", (int)state);
        foreach (var bucket in org is null ? Enumerable.Range(0, buckets.Length) : [layout.Of(org)]) await labels.LoadAsync(connection, bucket);
        return await query.Then("ORDER BY h.held_at DESC, h.bucket DESC, h.seq DESC LIMIT ?", limit).ListAsync(
            connection, row => new HeldAttempt(RowReads.Hold(row, labels.Of((int)row.Int64(10))).Hold, state, row.IsNull(9) ? null : RowReads.Time(row, 9)));
    });
}
