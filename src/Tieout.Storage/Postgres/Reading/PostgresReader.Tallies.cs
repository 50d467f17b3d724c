using Tieout.Core.Reconciliation;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Sums for comparisons with other books.</summary>
internal sealed partial class PostgresReader
{
    // A charge that counts in another time than it occurred in, by more than an answer may take: its period was closed, or it came late (flag 2).
    private const string IsLate = "(u.charge_flags & 2) <> 0 OR p.effective_at - u.occurred_at > 3600000000";

    // What a charge is, cut down or rounded half up to whole steps. Reversals take as much away as the charge they reverse had.
    private const string Steps = "CASE WHEN p.kind = 4 THEN -1 ELSE 1 END * c.step *";

    public async Task<IReadOnlyList<SlotTally>> TalliesAsync(TallyQuery query, CancellationToken cancellationToken)
    {
        if (Org(query.Org) is not { } org) return [];
        var bucket = layout.Of(query.Org);
        var select = new PgQuery(
            $"{TallySums(query.Figure)} FROM (SELECT ?::bigint AS origin, ?::bigint AS length, ?::bigint AS written, ?::bigint AS step) c "
            + $"CROSS JOIN postings p JOIN usage u ON {UsageMonths.OfPostingsSince()}",
            query.From.UnixMicros, query.SlotMicros, query.WrittenAt?.UnixMicros ?? long.MaxValue, query.StepNanos,
            bucket, query.From.UnixMicros, bucket, query.From.UnixMicros, bucket);
        return await connections.RunAsync(async connection =>
        {
            await LoadLabelsAsync(connection, bucket);
            return await PostingsIn(select, org, query.From, query.To)
                .Then("GROUP BY slot, u.attribution ORDER BY slot, u.attribution")
                .ListAsync(connection, row => new SlotTally(row.Int64(0), Labels(bucket)(RowReads.Int32(row, 1)), Standings.Tally(row)));
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
            .. from tokens in (string[])["input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"] select $"CASE p.kind WHEN 3 THEN u.{tokens} ELSE 0 END",
        ];
        return "SELECT (p.effective_at - c.origin) / c.length AS slot, u.attribution, count(*) FILTER (WHERE p.kind = 3), "
            + "count(*) FILTER (WHERE p.kind = 3 AND u.attempt_no = 1), count(*) FILTER (WHERE p.kind = 3 AND (u.status_code >= 400 OR u.status_code = 0)), "
            + $"count(*) FILTER (WHERE p.kind = 3 AND (u.flags & 3) <> 0), {string.Join(", ", sums.Select(sum => $"sum({sum})"))}";
    }
}
