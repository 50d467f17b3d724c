using Tieout.Core.Reconciliation;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Sums for comparisons with other books.</summary>
internal sealed partial class SqliteReader
{
    // A charge that counts in another time than it occurred in, by more than an answer may take: its period was closed, or it came late (flag 2).
    private const string IsLate = "(u.charge_flags & 2) <> 0 OR p.effective_at - u.occurred_at > 3600000000";

    // What a charge is, cut down or rounded half up to whole steps. Reversals take as much away as the charge they reverse had.
    private const string Steps = "CASE WHEN p.kind = 4 THEN -1 ELSE 1 END * c.step *";

    public Task<IReadOnlyList<SlotTally>> TalliesAsync(TallyQuery query, CancellationToken cancellationToken) => Rows(cancellationToken, connection =>
    {
        if (Org(query.Org) is not { } org || !HasPostings(org)) return (IReadOnlyList<SlotTally>)[];
        var amount = query.Figure == TallyFigure.Charge ? Signed : "CASE p.kind WHEN 3 THEN u.provider_cost ELSE 0 END";
        var whole = query.Figure == TallyFigure.Charge ? "p.amount" : "CASE p.kind WHEN 3 THEN u.provider_cost ELSE 0 END";
        var select =
            "SELECT (p.effective_at - c.origin) / c.length AS slot, u.attribution, sum(p.kind = 3), sum(p.kind = 3 AND u.attempt_no = 1), "
            + "sum(p.kind = 3 AND (u.status_code >= 400 OR u.status_code = 0)), sum(p.kind = 3 AND (u.flags & 3) <> 0), "
            + $"total_of({amount}), total_of(CASE WHEN p.kind > 3 THEN {amount} ELSE 0 END), total_of(CASE WHEN u.attempt_no > 1 THEN {amount} ELSE 0 END), "
            + $"total_of(CASE WHEN {IsLate} THEN {amount} ELSE 0 END), total_of(CASE WHEN p.recorded_at > c.written THEN {amount} ELSE 0 END), "
            + $"total_of(CASE WHEN u.basis = 1 THEN {amount} ELSE 0 END), total_of({Steps} (({whole} + c.step / 2) / c.step)), total_of({Steps} ({whole} / c.step)), "
            + "total_of(CASE WHEN p.kind = 3 AND (u.flags & 7) <> 0 AND u.more IS NOT NULL THEN coalesce(json_extract(u.more, '$.reported_cost_nanos') - u.provider_cost, 0) ELSE 0 END), "
            + "total_of(CASE p.kind WHEN 3 THEN u.input_tokens ELSE 0 END), total_of(CASE p.kind WHEN 3 THEN u.cache_read_tokens ELSE 0 END), "
            + "total_of(CASE p.kind WHEN 3 THEN u.cache_write_tokens ELSE 0 END), total_of(CASE p.kind WHEN 3 THEN u.output_tokens ELSE 0 END) "
            + "FROM (SELECT ? AS origin, ? AS length, ? AS written, ? AS step) c CROSS JOIN postings p JOIN usage u ON u.seq = p.usage_seq";
        var tallies = new Query(select)
            .Then("GROUP BY slot, u.attribution", query.From.UnixMicros, query.SlotMicros, query.WrittenAt?.UnixMicros ?? long.MaxValue, query.StepNanos)
            .Where("p.seq > ?", ChainSearch.Before(connection, query.From).Posting)
            .Where("p.effective_at >= ? AND p.effective_at < ?", query.From.UnixMicros, query.To.UnixMicros)
            .Where("p.debit BETWEEN ? AND ?", org.FirstAccount, org.FirstAccount + Core.Ledger.OrgState.AccountKinds - 1);
        return tallies.List(connection, s => new SlotTally(s.Int64(0), _connections.Labels(connection, RowReads.Int32(s, 1)), Standings.Tally(s)));
    });
}
