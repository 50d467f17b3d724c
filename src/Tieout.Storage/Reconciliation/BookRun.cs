using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>One look over a whole book, as of one commit: rows against rows, figures against rows, records against what they are records of.</summary>
/// <param name="keys">Every key that was ever issued, of whatever org.</param>
internal sealed class BookRun(ILedgerTables tables, BookQuery query, IReadOnlySet<string> keys)
{
    private readonly BookLabels _labels = new(tables, query.Instances, keys);
    private readonly List<Finding> _findings = [];

    /// <param name="checkpoint">The commit that the stored figures are as of.</param>
    /// <param name="shown">Null: the stored figures are what readers are shown.</param>
    public BookReport Run(long checkpoint, ShownFigures? shown)
    {
        var last = Chain.At(tables, Chain.Last(tables));
        var invoices = new InvoicePass(_labels);
        var pass = new RowPass(tables, _labels, invoices, query);
        var figures = new FigurePass(tables, _labels, pass.Sums);
        var stops = new List<(long Posting, Action Compare)> { (Chain.At(tables, checkpoint).Last.Posting, () => figures.Stored(checkpoint)) };
        if (shown is not null) stops.Add((Chain.At(tables, shown.AsOf).Last.Posting, () => figures.Shown(shown)));
        stops.Sort((left, right) => left.Posting.CompareTo(right.Posting));
        pass.Run(last.Last.Usage + last.Last.Posting, [.. stops.Select(stop => stop.Posting)], at => stops[at].Compare());

        foreach (var (usage, suspect) in pass.Suspects.OrderBy(pair => pair.Key)) Look(usage, suspect);
        foreach (var posting in pass.OfNothing)
        {
            if (!IsTakenBack(posting) && PostingAt(posting) is { } charge) _findings.Add(RowRules.ChargeOfNothing(charge));
        }

        _findings.AddRange(figures.Findings);
        _findings.AddRange(invoices.Findings);
        Holds();
        Identities();
        List<ComponentDay> unmetered = query.RuntimeDue is { } due ? [.. RuntimeRules.Short(query.Instances, pass.Standing, due)] : [];
        return new(_findings, unmetered, pass.Rows + figures.Checked, last.Commit, pass.More);
    }

    private void Look(long seq, Suspect suspect, string? rightOrg = null)
    {
        var row = UsageAt(seq);
        if (row is null) return;
        var price = _labels.Price(row.Price);
        if (suspect.Again is { } again)
        {
            var standing = again.Where(posting => !IsTakenBack(posting)).ToList();
            var charges = standing.Count + (suspect.Posting > 0 && IsTakenBack(suspect.Posting) ? 0 : 1);
            foreach (var posting in standing) Add(new(row, price, PostingAt(posting), IsTakenBack: false, charges, UsageDefects.ChargedAgain));
        }

        var first = suspect.Posting > 0 ? suspect.Posting : ChargeOf(seq);
        Add(new(row, price, first > 0 ? PostingAt(first) : null, first > 0 && IsTakenBack(first), 1, suspect.Defects & ~UsageDefects.ChargedAgain), rightOrg);
    }

    private void Add(OddUsage odd, string? rightOrg = null) => _findings.AddRange(UsageRules.Of(odd, query.Instances, rightOrg));

    private void Holds()
    {
        using (var open = tables.Select(
            $"SELECT {RowReads.HoldColumns} FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq WHERE h.seq >= ? AND e.hold IS NULL AND h.expires_at < ? ORDER BY h.seq",
            tables.FirstOpenHold, (query.Now - BookQuery.HoldGrace).UnixMicros))
        {
            while (open.Step()) _findings.Add(RowRules.OrphanHold(RowReads.Hold(open, no => _labels[no]).Hold, query.Now));
        }

        using var settled = tables.Select(
            $"SELECT {RowReads.HoldColumns} FROM hold_ends e JOIN holds h ON h.seq = e.hold LEFT JOIN usage u ON u.id = h.id WHERE e.state = 1 AND u.id IS NULL ORDER BY h.seq");
        while (settled.Step()) _findings.Add(RowRules.SettledWithoutUsage(RowReads.Hold(settled, no => _labels[no]).Hold));
    }

    /// <summary>Attempts of an envelope of one org that are charged to another (A2).</summary>
    private void Identities()
    {
        if (tables.IdOfText("l.id") is not { } id) return;
        var rebound = new List<(long Usage, string Org)>();
        using (var rows = tables.Select($"SELECT u.seq, l.org FROM lineage l JOIN usage u ON u.id = {id} JOIN attributions a ON a.no = u.attribution WHERE l.kind = 1 AND a.org <> l.org ORDER BY u.seq"))
        {
            while (rows.Step()) rebound.Add((rows.Int64(0), rows.Text(1)));
        }

        foreach (var (usage, org) in rebound) Look(usage, new(), org);
    }

    private UsageRow? UsageAt(long seq)
    {
        using var rows = tables.Select($"SELECT {RowReads.UsageColumns} FROM usage u WHERE u.seq = ?", seq);
        return rows.Step() ? RowReads.Usage(rows, no => _labels[no]) : null;
    }

    private Posting? PostingAt(long seq)
    {
        using var rows = tables.Select($"SELECT {RowReads.PostingColumns} FROM postings p WHERE p.seq = ?", seq);
        return rows.Step() ? RowReads.Posting(rows, _labels.OrgOf).Posting : null;
    }

    /// <summary>The charge of a record, found the slow way: for the few that are looked at for another reason than their charge.</summary>
    private long ChargeOf(long usage)
    {
        using var rows = tables.Select("SELECT seq FROM postings WHERE seq >= ? AND usage_seq = ? AND kind = 3 ORDER BY seq LIMIT 1", usage, usage);
        return rows.Step() ? rows.Int64(0) : 0;
    }

    private bool IsTakenBack(long posting)
    {
        using var rows = tables.Select("SELECT 1 FROM postings WHERE kind = 4 AND reverses = ?", posting);
        return rows.Step();
    }
}
