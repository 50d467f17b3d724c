using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Sums over a range of time. Sums of bigint are numeric in PostgreSQL and read as such: they have no range that many rows could leave.</summary>
internal sealed partial class PostgresReader
{
    // What a posting adds to what an org was charged: a reversal takes it back. Kinds 4 and 5 are corrections.
    private const string Signed = "CASE p.kind WHEN 4 THEN -p.amount ELSE p.amount END";

    public async Task<IReadOnlyList<ChargeSum>> ChargesAsync(string org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        if (Org(org) is not { } state) return [];
        var bucket = layout.Of(org);
        return await connections.RunAsync(async connection =>
        {
            await LoadLabelsAsync(connection, bucket);
            var select =
                "SELECT u.attribution, count(u.seq) FILTER (WHERE p.kind = 3), coalesce(sum(CASE p.kind WHEN 3 THEN u.input_tokens ELSE 0 END), 0), "
                + "coalesce(sum(CASE p.kind WHEN 3 THEN u.output_tokens ELSE 0 END), 0), "
                + $"sum({Signed}), sum(CASE WHEN p.kind > 3 THEN {Signed} ELSE 0 END), min(p.seq), max(p.seq) "
                + $"FROM postings p LEFT JOIN usage u ON {UsageMonths.OfPostingsSince()}";
            var lines = await PostingsIn(new(select, bucket, from.UnixMicros, bucket, from.UnixMicros, bucket), state, from, to).Where(Standings.IsOfRevenue(state)).Then("GROUP BY u.attribution ORDER BY u.attribution").ListAsync(connection, row => Line(row, bucket, org));
            return Standings.ByModel(lines);
        });
    }

    public async Task<RangeTotals> TotalsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        if (Org(org) is not { } state) return new(Amount.Zero, Amount.Zero, 0, 0, null, null);
        var bucket = layout.Of(org);
        return await connections.RunAsync(async connection =>
        {
            // One statement, so that both sides are as of one moment.
            var totals = await new PgQuery("SELECT t.*, v.* FROM")
                .Then("(SELECT coalesce(sum(CASE p.kind WHEN 4 THEN -p.amount ELSE p.amount END), 0), count(*), max(p.recorded_at),")
                .Then($"coalesce(sum(CASE WHEN p.posting_repair = 1 THEN 0 WHEN p.kind = 4 THEN -p.amount WHEN p.kind = 5 THEN p.amount ELSE 0 END), 0) FROM postings p WHERE p.bucket = ?", bucket)
                .Then($"AND {Since("postings")}", bucket, from.UnixMicros)
                .Then($"AND p.effective_at >= ? AND p.effective_at < ? AND {Standings.IsOfRevenue(state)}", from.UnixMicros, to.UnixMicros)
                .Then("AND p.debit BETWEEN ? AND ?) t,", state.FirstAccount, state.FirstAccount + OrgState.AccountKinds - 1)
                .Then("(SELECT coalesce(sum(u.charge), 0), count(*), max(u.recorded_at) FROM usage u WHERE u.bucket = ?", bucket)
                .Then($"AND {Since("usage")} AND u.recorded_at >= ?", bucket, from.UnixMicros, from.UnixMicros)
                .Then("AND u.effective_at >= ? AND u.effective_at < ?", from.UnixMicros, to.UnixMicros)
                .Then("AND u.attribution IN (SELECT no FROM attributions WHERE bucket = ? AND org = ?)) v", bucket, org)
                .ListAsync(connection, row => new RangeTotals(
                    row.Amount(0), row.Amount(4) + row.Amount(3), row.Int64(1), row.Int64(5), Time(row.Int64OrNull(2)), Time(row.Int64OrNull(6))));
            return totals.Single();
        });
    }

    public async Task<IReadOnlyList<BudgetWindow>> RecountAsync(string org, IReadOnlyList<BudgetState> budgets, Instant at, CancellationToken cancellationToken) =>
        Org(org) is { } state ? await connections.RunAsync(connection => Backfill.WindowsAsync(connection, layout.Of(org), state, budgets, at)) : [];

    public async Task<IReadOnlyList<StatusCount>> StatusesAsync(string? org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        List<StatusCount> found = [];
        foreach (var bucket in (org is null ? Orgs.Select(state => layout.Of(state.Org.Id)) : [layout.Of(org)]).Distinct())
        {
            found.AddRange(await connections.RunAsync(async connection =>
            {
                await LoadLabelsAsync(connection, bucket);
                return await new PgQuery("SELECT u.attribution, u.status_code, count(*), max(u.occurred_at) FROM usage u")
                    .Where("u.bucket = ?", bucket)
                    .Where(Since("usage"), bucket, from.UnixMicros).Where("u.recorded_at >= ?", from.UnixMicros)
                    .Where("u.effective_at >= ? AND u.effective_at < ?", from.UnixMicros, to.UnixMicros)
                    .Then("GROUP BY u.attribution, u.status_code")
                    .ListAsync(connection, row => new StatusCount(Labels(bucket)(RowReads.Int32(row, 0)), RowReads.Int32(row, 1), row.Int64(2), RowReads.Time(row, 3)));
            }));
        }

        return [.. found.Where(line => org is null || line.Labels.Org == org)];
    }

    public async Task<IReadOnlyList<CellLine>> CellsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        var bucket = layout.Of(org);
        return await connections.RunAsync(async connection =>
        {
            await LoadLabelsAsync(connection, bucket);
            return await new PgQuery(
                    "SELECT c.hour, c.attribution, c.attempts, c.failures, c.input_tokens, c.cache_read_tokens, c.cache_write_tokens, c.output_tokens, c.reasoning_tokens, "
                    + "c.provider_cost, c.charge FROM cells c JOIN attributions a ON a.no = c.attribution")
                .Where("c.bucket = ? AND a.bucket = ? AND a.org = ?", bucket, bucket, org)
                .Where("c.hour >= ? AND c.hour < ?", from.UnixMicros / Instant.MicrosPerHour, (to.UnixMicros + Instant.MicrosPerHour - 1) / Instant.MicrosPerHour)
                .Then("ORDER BY c.hour, c.attribution")
                .ListAsync(connection, row => Standings.Cell(row, Labels(bucket)));
        });
    }

    private ChargeSum Line(IRow row, int bucket, string org)
    {
        var labels = row.IsNull(0) ? Standings.NoUsage(org) : Labels(bucket)(RowReads.Int32(row, 0));
        return new(
            labels.Project, labels.Provider, labels.Model, labels.Source, row.Int64(1), row.Int128(2), row.Int128(3), row.Amount(4), row.Amount(5), row.Int64(6), row.Int64(7));
    }

    private static Instant? Time(long? micros) => micros is { } value ? new Instant(value) : null;
}
