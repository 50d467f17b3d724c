using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Archive;

/// <summary>An org whose balance moved in a range of commits.</summary>
/// <param name="Latest">The latest time that a posting of the range counts in.</param>
internal readonly record struct MovedOrg(string Id, Instant Latest);

/// <summary>What still needs the rows of a range of commits: one sentence for each.</summary>
/// <param name="from">The last numbers before the range.</param>
/// <param name="to">The last numbers in it.</param>
internal sealed class MonthNeeds(ILedgerTables tables, Sequences from, Sequences to, Instant now)
{
    /// <summary>Those whose balances moved, by id.</summary>
    public IReadOnlyList<MovedOrg> Orgs()
    {
        using var rows = tables.Select("""
            SELECT a.org, max(p.effective_at) FROM postings p JOIN accounts a ON a.no = p.debit WHERE p.seq > ? AND p.seq <= ? GROUP BY a.org ORDER BY a.org
            """, from.Posting, to.Posting);
        var orgs = new List<MovedOrg>();
        while (rows.Step()) orgs.Add(new(rows.Text(0), new(rows.Int64(1))));
        return orgs;
    }

    /// <summary>A month may change as long as an org has not closed it.</summary>
    public IEnumerable<string> OpenPeriods(IReadOnlyList<MovedOrg> orgs)
    {
        var (zones, closed) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, Month>(StringComparer.Ordinal));
        using var rows = tables.Select(
            $"SELECT {RowReads.SettingColumns} FROM settings WHERE kind IN ({(int)SettingKind.Org}, {(int)SettingKind.ClosedPeriod}) ORDER BY seq");
        while (rows.Step())
        {
            var setting = RowReads.Setting(rows);
            if (setting.Kind is SettingKind.Org) zones[setting.Org] = Org.Parse(setting.Body).TimeZone;
            else if (Month.TryParse(setting.Body, out var through)) closed[setting.Org] = through;
        }

        foreach (var org in orgs)
        {
            var last = Month.Of(org.Latest, TimeZoneInfo.FindSystemTimeZoneById(zones[org.Id]));
            if (closed.TryGetValue(org.Id, out var past) && past.CompareTo(last) >= 0) continue;
            yield return $"{org.Id} has not closed {last}: run tieout invoice {org.Id} {last} --close.";
        }
    }

    public IEnumerable<string> OpenHolds()
    {
        using var rows = tables.Select("""
            SELECT count(*), min(h.seq) FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq WHERE h.seq > ? AND h.seq <= ? AND e.hold IS NULL
            """, from.Hold, to.Hold);
        if (rows.Step() && rows.Int64(0) is > 0 and var open) yield return $"{open} holds of it are open, the first is {rows.Int64(1)}: settle or release them.";
    }

    /// <summary>A finding about usage that came later needs none of these rows. One that names no usage may need any row from before it.</summary>
    /// <param name="isOpen">A condition on <c>f</c>, with a <c>?</c> for each of <paramref name="values"/>.</param>
    public IEnumerable<string> OpenFindings(string isOpen, long[] values)
    {
        using var rows = tables.Select($"""
            SELECT count(*), min(f.seq) FROM findings f
            WHERE {isOpen} AND f.seq > ? AND NOT EXISTS (SELECT 1 FROM usage u WHERE u.id = f.attempt AND u.seq > ?)
            """, [.. values, from.Finding, to.Usage]);
        if (rows.Step() && rows.Int64(0) is > 0 and var open)
        {
            yield return $"{open} open findings may need it, the first is row {rows.Int64(1)}: correct or accept them (tieout findings).";
        }
    }

    /// <summary>A correction that waits for a second person may be of any posting.</summary>
    public IEnumerable<string> OpenProposals()
    {
        using var rows = tables.Select(
            "SELECT o.id, o.body FROM objects o LEFT JOIN object_ends e ON e.object = o.seq WHERE o.kind = ? AND o.pending = 1 AND e.object IS NULL ORDER BY o.seq",
            (int)ObjectKind.Proposal);
        while (rows.Step())
        {
            using var body = JsonDocument.Parse(rows.Text(1));
            if (body.RootElement.GetProperty("expires_at_us").GetInt64() <= now.UnixMicros) continue;
            yield return $"The proposal {rows.Text(0)} waits for a second person: approve or reject it.";
            yield break;
        }
    }
}
