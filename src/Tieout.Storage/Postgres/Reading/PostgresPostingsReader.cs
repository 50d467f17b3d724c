using System.Runtime.CompilerServices;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Storage.Detaching;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Postings from the tables: rows, and sums over a range of time.</summary>
/// <remarks>Sums of bigint are numeric in PostgreSQL and read as such: they have no range that many rows could leave.</remarks>
internal sealed class PostgresPostingsReader(PostgresConnections connections, Buckets layout, PostgresOrgs orgs) : IPostingsReader
{
    public async IAsyncEnumerable<Posting> PostingsAsync(
        string org, Instant from, Instant to, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (orgs.Org(org) is not { } state) yield break;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var first = after;
            var page = await connections.RunAsync(async connection =>
            {
                await PostgresDetachedGuard.RangeAsync(connection, layout.Of(org), org, from, first);
                return await PostingsIn(new($"SELECT {RowReads.PostingColumns} FROM postings p"), state, from, to, first)
                    .Then("ORDER BY p.seq LIMIT ?", PgQuery.PageRows)
                    .ListAsync(connection, row => RowReads.Posting(row, _ => org).Posting);
            });
            foreach (var posting in page) yield return posting;
            if (page.Count < PgQuery.PageRows) yield break;
            after = page[^1].Seq;
        }
    }

    public async Task<RangeTotals> TotalsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        if (orgs.Org(org) is not { } state) return new(Amount.Zero, Amount.Zero, 0, 0, null, null);
        var bucket = layout.Of(org);
        return await connections.RunAsync(async connection =>
        {
            await PostgresDetachedGuard.RangeAsync(connection, bucket, org, from);

            // One statement, so that both sides are as of one moment.
            var totals = await new PgQuery("SELECT t.*, v.* FROM")
                .Then("(SELECT coalesce(sum(CASE p.kind WHEN 4 THEN -p.amount ELSE p.amount END), 0), count(*), max(p.recorded_at),")
                .Then($"coalesce(sum(CASE WHEN p.posting_repair = 1 THEN 0 WHEN p.kind = 4 THEN -p.amount WHEN p.kind = 5 THEN p.amount ELSE 0 END), 0) FROM postings p WHERE p.bucket = ?", bucket)
                .Then($"AND {PgQuery.Since("postings")}", bucket, from.UnixMicros)
                .Then($"AND p.effective_at >= ? AND p.effective_at < ? AND {Standings.IsOfRevenue(state)}", from.UnixMicros, to.UnixMicros)
                .Then("AND p.debit BETWEEN ? AND ?) t,", state.FirstAccount, state.FirstAccount + OrgState.AccountKinds - 1)
                .Then("(SELECT coalesce(sum(u.charge), 0), count(*), max(u.recorded_at) FROM usage u WHERE u.bucket = ?", bucket)
                .Then($"AND {PgQuery.Since("usage")} AND u.recorded_at >= ?", bucket, from.UnixMicros, from.UnixMicros)
                .Then("AND u.effective_at >= ? AND u.effective_at < ?", from.UnixMicros, to.UnixMicros)
                .Then("AND u.attribution IN (SELECT no FROM attributions WHERE bucket = ? AND org = ?)) v", bucket, org)
                .ListAsync(connection, row => new RangeTotals(
                    row.Amount(0), row.Amount(4) + row.Amount(3), row.Int64(1), row.Int64(5), Time(row.Int64OrNull(2)), Time(row.Int64OrNull(6))));
            return totals.Single();
        });
    }

    private PgQuery PostingsIn(PgQuery query, OrgState org, Instant from, Instant to, long after = 0)
    {
        var bucket = layout.Of(org.Org.Id);
        return query
            .Where("p.bucket = ? AND p.seq > ?", bucket, after)
            .Where(PgQuery.Since("postings"), bucket, from.UnixMicros)
            .Where("p.effective_at >= ? AND p.effective_at < ?", from.UnixMicros, to.UnixMicros)
            .Where("p.debit BETWEEN ? AND ?", org.FirstAccount, org.FirstAccount + OrgState.AccountKinds - 1);
    }

    private static Instant? Time(long? micros) => micros is { } value ? new Instant(value) : null;
}
