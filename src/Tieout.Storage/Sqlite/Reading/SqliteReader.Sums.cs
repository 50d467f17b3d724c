using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Money;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Sums over a range of time.</summary>
internal sealed partial class SqliteReader
{
    // What a posting adds to what an org was charged: a reversal takes it back. Kinds 4 and 5 are corrections.
    private const string Signed = "CASE p.kind WHEN 4 THEN -p.amount ELSE p.amount END";

    public Task<IReadOnlyList<ChargeSum>> ChargesAsync(string org, Instant from, Instant to, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
    {
        if (Org(org) is not { } state || !HasPostings(state)) return (IReadOnlyList<ChargeSum>)[];
        var select =
            "SELECT u.attribution, count(u.seq) FILTER (WHERE p.kind = 3), total_of(CASE p.kind WHEN 3 THEN u.input_tokens ELSE 0 END), total_of(CASE p.kind WHEN 3 THEN u.output_tokens ELSE 0 END), "
            + $"total_of({Signed}), total_of(CASE WHEN p.kind > 3 THEN {Signed} ELSE 0 END), min(p.seq), max(p.seq) FROM postings p LEFT JOIN usage u ON u.seq = p.usage_seq";
        var lines = PostingsIn(connection, select, state, from, to).Where(Standings.IsOfRevenue(state)).Then("GROUP BY u.attribution").List(connection, s => Line(connection, s, org));
        return Standings.ByModel(lines);
    });

    public Task<RangeTotals> TotalsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken) => Task.FromResult(_connections.Read(cancellationToken, connection =>
    {
        if (Org(org) is not { } state || !HasPostings(state)) return new RangeTotals(Amount.Zero, Amount.Zero, 0, 0, null, null);
        var posted = PostingsIn(
                connection, $"SELECT total_of({Signed}), count(*), max(p.recorded_at), total_of(CASE WHEN p.kind > 3 AND p.posting_repair = 0 THEN {Signed} ELSE 0 END) FROM postings p", state, from, to)
            .Where(Standings.IsOfRevenue(state))
            .List(connection, s => (Sum: s.Amount(0), Count: s.Int64(1), At: s.Int64OrNull(2), Corrections: s.Amount(3)))[0];
        var used = new Query("SELECT total_of(u.charge), count(*), max(u.recorded_at) FROM usage u")
            .Where("u.seq > ?", ChainSearch.Before(connection, from).Usage)
            .Where("u.effective_at >= ? AND u.effective_at < ?", from.UnixMicros, to.UnixMicros)
            .Where("u.attribution IN (SELECT no FROM attributions WHERE org = ?)", org)
            .List(connection, s => (Sum: s.Amount(0), Count: s.Int64(1), At: s.Int64OrNull(2)))[0];
        return new RangeTotals(posted.Sum, used.Sum + posted.Corrections, posted.Count, used.Count, Time(posted.At), Time(used.At));
    }));

    public Task<IReadOnlyList<BudgetWindow>> RecountAsync(string org, IReadOnlyList<BudgetState> budgets, Instant at, CancellationToken cancellationToken) =>
        Rows(cancellationToken, connection => Org(org) is { } state ? Backfilling.Windows(connection, state, budgets, at) : []);

    public Task<IReadOnlyList<StatusCount>> StatusesAsync(string? org, Instant from, Instant to, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
        (IReadOnlyList<StatusCount>)new Query("SELECT u.attribution, u.status_code, count(*), max(u.occurred_at) FROM usage u")
            .Where("u.seq > ?", ChainSearch.Before(connection, from).Usage)
            .Where("u.effective_at >= ? AND u.effective_at < ?", from.UnixMicros, to.UnixMicros)
            .WhereGiven("u.attribution IN (SELECT no FROM attributions WHERE org = ?)", org)
            .Then("GROUP BY u.attribution, u.status_code")
            .List(connection, s => new StatusCount(_connections.Labels(connection, RowReads.Int32(s, 0)), RowReads.Int32(s, 1), s.Int64(2), RowReads.Time(s, 3))));

    public async Task<IReadOnlyList<CellLine>> CellsAsync(string org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        await writer.FlushAsync();
        return _connections.Read(cancellationToken, connection => new Query(
                "SELECT c.hour, c.attribution, c.attempts, c.failures, c.input_tokens, c.cache_read_tokens, c.cache_write_tokens, c.output_tokens, c.reasoning_tokens, "
                + "c.provider_cost, c.charge FROM cells c JOIN attributions a ON a.no = c.attribution")
            .Where("c.hour >= ? AND c.hour < ?", from.UnixMicros / Instant.MicrosPerHour, (to.UnixMicros + Instant.MicrosPerHour - 1) / Instant.MicrosPerHour)
            .Where("a.org = ?", org)
            .Then("ORDER BY c.hour, c.attribution")
            .List(connection, s => Standings.Cell(s, no => _connections.Labels(connection, no))));
    }

    private ChargeSum Line(RawConnection connection, RawStatement s, string org)
    {
        var labels = s.IsNull(0) ? Standings.NoUsage(org) : _connections.Labels(connection, RowReads.Int32(s, 0));
        return new(
            labels.Project, labels.Provider, labels.Model, labels.Source, s.Int64(1), s.Int128(2), s.Int128(3), s.Amount(4), s.Amount(5), s.Int64(6), s.Int64(7));
    }

    private static Instant? Time(long? micros) => micros is { } value ? new Instant(value) : null;
}
