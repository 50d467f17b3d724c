using System.Runtime.CompilerServices;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Postings from the tables: rows, and sums over a range of time.</summary>
/// <remarks>Sums of bigint are numeric in PostgreSQL and read as such: they have no range that many rows could leave.</remarks>
internal sealed class PostgresPostingsReader(PostgresConnections connections, Buckets layout, PostgresOrgs orgs, PostgresLabels labels) : IPostingsReader
{
    // What a posting adds to what an org was charged: a reversal takes it back. Kinds 4 and 5 are corrections.
    private const string Signed = "CASE p.kind WHEN 4 THEN -p.amount ELSE p.amount END";

    // A charge that counts in another time than it occurred in, by more than an answer may take: its period was closed, or it came late (flag 2).
    private const string IsLate = "(u.charge_flags & 2) <> 0 OR p.effective_at - u.occurred_at > 3600000000";

    // What a charge is, cut down or rounded half up to whole steps. Reversals take as much away as the charge they reverse had.
    private const string Steps = "CASE WHEN p.kind = 4 THEN -1 ELSE 1 END * c.step *";

    public async IAsyncEnumerable<Posting> PostingsAsync(
        string org, Instant from, Instant to, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (orgs.Org(org) is not { } state) yield break;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var first = after;
            var page = await connections.RunAsync(connection => PostingsIn(new($"SELECT {RowReads.PostingColumns} FROM postings p"), state, from, to, first)
                .Then("ORDER BY p.seq LIMIT ?", PgQuery.PageRows)
                .ListAsync(connection, row => RowReads.Posting(row, _ => org).Posting));
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

    public async Task<IReadOnlyList<SlotTally>> TalliesAsync(TallyQuery query, CancellationToken cancellationToken)
    {
        if (orgs.Org(query.Org) is not { } org) return [];
        var bucket = layout.Of(query.Org);
        var select = new PgQuery(
            $"{TallySums(query.Figure)} FROM (SELECT ?::bigint AS origin, ?::bigint AS length, ?::bigint AS written, ?::bigint AS step) c "
            + $"CROSS JOIN postings p JOIN usage u ON {UsageMonths.OfPostingsSince()}",
            query.From.UnixMicros, query.SlotMicros, query.WrittenAt?.UnixMicros ?? long.MaxValue, query.StepNanos,
            bucket, query.From.UnixMicros, bucket, query.From.UnixMicros, bucket);
        return await connections.RunAsync(async connection =>
        {
            await labels.LoadAsync(connection, bucket);
            return await PostingsIn(select, org, query.From, query.To)
                .Then("GROUP BY slot, u.attribution ORDER BY slot, u.attribution")
                .ListAsync(connection, row => new SlotTally(row.Int64(0), labels.Of(bucket)(RowReads.Int32(row, 1)), Standings.Tally(row)));
        });
    }

    /// <summary>The columns that <see cref="Standings.Tally"/> reads.</summary>
    private static string TallySums(TallyFigure figure)
    {
        var whole = figure == TallyFigure.Charge ? "p.amount" : "CASE p.kind WHEN 3 THEN u.provider_cost ELSE 0 END";
        var amount = figure == TallyFigure.Charge ? Signed : whole;
        string[] sums =
        [
            amount, $"CASE WHEN p.kind > 3 THEN {amount} ELSE 0 END", $"CASE WHEN u.attempt_no > 1 THEN {amount} ELSE 0 END",
            $"CASE WHEN {IsLate} THEN {amount} ELSE 0 END", $"CASE WHEN p.recorded_at > c.written THEN {amount} ELSE 0 END",
            $"CASE WHEN u.basis = 1 THEN {amount} ELSE 0 END", $"{Steps} (({whole} + c.step / 2) / c.step)", $"{Steps} ({whole} / c.step)",
            "CASE WHEN p.kind = 3 AND (u.flags & 7) <> 0 THEN coalesce((u.more::jsonb ->> 'reported_cost_nanos')::bigint - u.provider_cost, 0) ELSE 0 END",
            .. from tokens in (string[])["input_tokens", "cache_read_tokens", "cache_write_tokens",
                "output_tokens"] select $"CASE p.kind WHEN 3 THEN u.{tokens} ELSE 0 END",
        ];
        return "SELECT (p.effective_at - c.origin) / c.length AS slot, u.attribution, count(*) FILTER (WHERE p.kind = 3), "
            + "count(*) FILTER (WHERE p.kind = 3 AND u.attempt_no = 1), count(*) FILTER (WHERE p.kind = 3 AND (u.status_code >= 400 OR u.status_code = 0)), "
            + $"count(*) FILTER (WHERE p.kind = 3 AND (u.flags & 3) <> 0), {string.Join(", ", sums.Select(sum => $"sum({sum})"))}";
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
