using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>Who an attempt is to be charged to, by its envelope.</summary>
/// <param name="Key">The key that carried it out.</param>
internal readonly record struct Payer(string Org, string Key);

/// <summary>What the attempts in lineages came to, where it is not what it should be. Goes on with the next run.</summary>
/// <param name="Rebound">Usage, by its number, that was charged to another org than its envelope's.</param>
/// <param name="Elsewhere">Attempts whose usage lies in tables that are not shown here.</param>
/// <param name="Lost">Attempts of which neither usage nor a reason for that is there.</param>
/// <param name="Unused">Steps, by their number, of which usage may still come: looked at again.</param>
internal sealed record LineagePass(
    List<(long Usage, Payer Right)> Rebound, IReadOnlyList<(AttemptId Id, Payer Right)> Elsewhere, IReadOnlyList<Finding> Lost, IReadOnlyList<long> Unused,
    long More)
{
    private const int UnusedTogether = 500;

    /// <param name="before">Goes on after it; null: from the first step.</param>
    /// <param name="after">The last step that was looked at before.</param>
    public static LineagePass Run(ILedgerTables tables, BookLabels labels, BookQuery query, LineagePass? before, long after)
    {
        var (rebound, elsewhere, lost, unused) = (before?.Rebound.ToList() ?? [], new List<(AttemptId, Payer)>(), new List<Finding>(), new List<long>());
        var more = 0L;

        // The names of a few orgs and keys, however many steps they have.
        var names = new HashSet<string>(StringComparer.Ordinal);
        string Known(string name)
        {
            if (names.TryGetValue(name, out var known)) return known;
            names.Add(name);
            return name;
        }

        foreach (var which in (before?.Unused ?? []).Chunk(UnusedTogether).Select(some => $"l.seq IN ({string.Join(',', some)})").Append($"l.seq > {after}"))
        {
            using var steps = Select(tables, which);
            while (steps.Step())
            {
                var payer = new Payer(Known(steps.Text(1)), Known(steps.Text(2)));
                if (!steps.IsNull(3))
                {
                    if (rebound.Count < BookQuery.SuspectsMax) rebound.Add((steps.Int64(3), payer));
                    else more++;
                    continue;
                }

                var seq = steps.Int64(0);
                unused.Add(seq);
                var hold = steps.IsNull(4) ? null : RowReads.Hold(steps, no => labels[no], first: 4).Hold;
                var isOpen = hold is not null && steps.IsNull(13);
                if (isOpen || !Guid.TryParse(steps.Text(14), out var id)) continue;
                if (tables.IsUsedElsewhere(id))
                {
                    elsewhere.Add((new(id), payer));
                }
                else if (hold is not null && steps.Int64(13) == (long)HoldState.Settled)
                {
                    continue;
                }
                else if (lost.Count == query.Most)
                {
                    more++;
                }
                else if (Entry(tables, seq) is { } entry && RowRules.SentWithoutUsage(entry, new(id), hold) is var finding
                    && query.Accepted?.Contains(finding.Id) != true)
                {
                    lost.Add(finding);
                }
            }
        }

        return new(rebound, elsewhere, lost, unused, more);
    }

    /// <summary>Attempts without usage, but for those that were called off, and attempts whose usage is another org's.</summary>
    /// <remarks>Holds are looked up for what is odd alone: nearly every attempt has usage.</remarks>
    private static IRows Select(ILedgerTables tables, string which)
    {
        var id = tables.IdOfText("l.id");
        return tables.Select($"""
            WITH odd AS MATERIALIZED (
              SELECT l.seq, l.org, l.executor, l.id AS text, {id} AS id, u.seq AS used
              FROM lineage l LEFT JOIN usage u ON u.id = {id} LEFT JOIN attributions a ON a.no = u.attribution
              WHERE l.kind = {(int)LineageKind.Attempt} AND {which} AND (u.seq IS NULL OR a.org <> l.org))
            SELECT odd.seq, odd.org, odd.executor, odd.used, {RowReads.HoldColumns}, e.state, odd.text
            FROM odd LEFT JOIN holds h ON h.id = odd.id LEFT JOIN hold_ends e ON e.hold = h.seq
            WHERE odd.id IS NOT NULL AND (odd.used IS NOT NULL OR e.state IS NULL OR e.state <> {(int)HoldState.Released})
            ORDER BY odd.seq
            """);
    }

    private static LineageEntry? Entry(ILedgerTables tables, long seq)
    {
        using var rows = tables.Select($"SELECT {RowReads.LineageColumns} FROM lineage WHERE seq = ?", seq);
        return rows.Step() ? RowReads.Lineage(rows) : null;
    }
}
