using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>How far a run got, so that the next one looks at what came since. Rows never change; what they are summed by does when an org, a budget, a closed period or an invoice comes.</summary>
/// <param name="Governing">The last setting that sums depend on.</param>
/// <param name="FirstOpenHold">No hold before it was open then.</param>
/// <param name="Unused">Holds that were settled without usage.</param>
/// <param name="Rebound">Usage that was charged to another org than its envelope's.</param>
internal sealed record BookProgress(
    RowPass Pass, InvoicePass Invoices, ChainRow Last, long Governing, long FirstOpenHold, IReadOnlyList<long> Unused, IReadOnlyList<(long Usage, Payer Right)> Rebound);

/// <summary>Who an attempt is to be charged to, by its envelope.</summary>
/// <param name="Key">The key that carried it out.</param>
internal readonly record struct Payer(string Org, string Key);

/// <summary>One look over a whole book, as of one commit: rows against rows, figures against rows, records against what they are records of.</summary>
/// <param name="keys">Every key that was ever issued, of whatever org.</param>
internal sealed class BookRun(ILedgerTables tables, BookQuery query, IReadOnlySet<string> keys)
{
    private readonly BookLabels _labels = new(tables, query.Instances, keys);
    private readonly List<Finding> _findings = [];

    /// <param name="checkpoint">The commit that the stored figures are as of.</param>
    /// <param name="shown">Null: the stored figures are what readers are shown.</param>
    /// <param name="before">Goes on after it, if it still holds; null: from the first row.</param>
    public (BookReport Report, BookProgress Progress) Run(long checkpoint, ShownFigures? shown, BookProgress? before = null)
    {
        var last = Chain.At(tables, Chain.Last(tables));
        var governing = Governing();
        if (before is not null && (before.Governing != governing || checkpoint < before.Last.Commit || shown?.AsOf < before.Last.Commit)) before = null;
        var invoices = before?.Invoices ?? new InvoicePass(_labels);
        var pass = before?.Pass ?? new RowPass(_labels.Book, invoices);
        var figures = new FigurePass(tables, _labels, pass.Sums);
        var stops = new List<(long Posting, Action Compare)> { (Chain.At(tables, checkpoint).Last.Posting, () => figures.Stored(checkpoint)) };
        if (shown is not null) stops.Add((Chain.At(tables, shown.AsOf).Last.Posting, () => figures.Shown(shown)));
        stops.Sort((left, right) => left.Posting.CompareTo(right.Posting));
        var total = last.Last.Usage + last.Last.Posting - (before is null ? 0 : before.Last.Last.Usage + before.Last.Last.Posting);
        pass.Run(tables, _labels, query, total, [.. stops.Select(stop => stop.Posting)], at => stops[at].Compare());

        foreach (var (usage, suspect) in pass.Suspects.OrderBy(pair => pair.Key)) Look(usage, suspect);
        foreach (var posting in pass.OfNothing)
        {
            if (!IsTakenBack(posting) && PostingAt(posting) is { } charge) _findings.Add(RowRules.ChargeOfNothing(charge));
        }

        _findings.AddRange(figures.Findings);
        _findings.AddRange(invoices.Findings(_labels));
        OpenHolds();
        var unused = SettledWithoutUsage(before);
        var rebound = Rebound(before);
        foreach (var (usage, right) in rebound) Look(usage, new(), right);
        List<UnevenDay> uneven = query.RuntimeDue is { } due ? [.. RuntimeRules.Uneven(query.Instances, pass.Standing, due, query.Now.UnixMicros / Instant.MicrosPerSecond)] : [];
        return (new(_findings, uneven, pass.Rows + figures.Checked, last.Commit, pass.More), new(pass, invoices, last, governing, tables.FirstOpenHold, unused, rebound));
    }

    private void Look(long seq, Suspect suspect, Payer? right = null)
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
        Add(new(row, price, first > 0 ? PostingAt(first) : null, first > 0 && IsTakenBack(first), 1, (suspect.Defects & ~(UsageDefects.ChargedAgain | UsageDefects.Unattributed)) | _labels.Defects(row.Labels)), right);
    }

    private void Add(OddUsage odd, Payer? right = null) => _findings.AddRange(UsageRules.Of(odd, query.Instances, right?.Org, right?.Key));

    private void OpenHolds()
    {
        using var open = tables.Select(
            $"SELECT {RowReads.HoldColumns} FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq WHERE h.seq >= ? AND e.hold IS NULL AND h.expires_at < ? ORDER BY h.seq",
            tables.FirstOpenHold, (query.Now - BookQuery.HoldGrace).UnixMicros);
        while (open.Step()) _findings.Add(RowRules.OrphanHold(RowReads.Hold(open, no => _labels[no]).Hold, query.Now));
    }

    private List<long> SettledWithoutUsage(BookProgress? before)
    {
        var unused = new List<long>();
        foreach (var (from, to) in before is null ? [(0, long.MaxValue)] : before.Unused.Select(hold => (hold, hold)).Append((before.FirstOpenHold, long.MaxValue)))
        {
            using var settled = tables.Select(
                $"SELECT {RowReads.HoldColumns} FROM hold_ends e JOIN holds h ON h.seq = e.hold LEFT JOIN usage u ON u.id = h.id WHERE e.hold >= ? AND e.hold <= ? AND e.state = 1 AND u.id IS NULL ORDER BY h.seq",
                from, to);
            while (settled.Step())
            {
                var hold = RowReads.Hold(settled, no => _labels[no]).Hold;
                if (unused.Contains(hold.Seq)) continue;
                unused.Add(hold.Seq);
                _findings.Add(RowRules.SettledWithoutUsage(hold));
            }
        }

        return unused;
    }

    /// <summary>Attempts of an envelope of one org that are charged to another (A2).</summary>
    private List<(long Usage, Payer Right)> Rebound(BookProgress? before)
    {
        if (tables.IdOfText("l.id") is not { } id) return [];
        const string columns = "SELECT u.seq, l.org, l.executor FROM";

        // All of them begin with the lineage, which most usage has none of; those that came since, with the usage.
        using var rows = before is null
            ? tables.Select($"{columns} lineage l JOIN usage u ON u.id = {id} JOIN attributions a ON a.no = u.attribution WHERE l.kind = 1 AND a.org <> l.org ORDER BY u.seq")
            : tables.Select(
                $"{columns} usage u JOIN lineage l ON l.operation_id = u.operation_id AND l.kind = 1 AND {id} = u.id JOIN attributions a ON a.no = u.attribution WHERE u.seq > ? AND a.org <> l.org ORDER BY u.seq",
                before.Last.Last.Usage);
        var rebound = before?.Rebound.ToList() ?? [];
        while (rows.Step()) rebound.Add((rows.Int64(0), new(rows.Text(1), rows.Text(2))));
        return rebound;
    }

    /// <summary>The last setting that sums depend on.</summary>
    private long Governing()
    {
        using var rows = tables.Select(
            $"SELECT coalesce(max(seq), 0) FROM settings WHERE kind IN ({(int)SettingKind.Org}, {(int)SettingKind.Budget}, {(int)SettingKind.ClosedPeriod}) OR (kind = {(int)SettingKind.BillingDocument} AND name LIKE '{FinalInvoice.Prefix}%')");
        return rows.Step() ? rows.Int64(0) : 0;
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
        using var rows = tables.Select("SELECT 1 FROM postings WHERE kind = 4 AND reverses = ? AND reverses > 0", posting);
        return rows.Step();
    }
}
