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
internal sealed class BookRun
{
    private readonly ILedgerTables _tables;
    private readonly BookQuery _query;
    private readonly BookLabels _labels;
    private readonly RowLookup _rows;
    private readonly List<Finding> _findings = [];

    /// <param name="keys">Every key that was ever issued, of whatever org.</param>
    public BookRun(ILedgerTables tables, BookQuery query, IReadOnlySet<string> keys)
    {
        (_tables, _query) = (tables, query);
        _labels = new(tables, query.Instances, keys);
        _rows = new(tables, _labels);
    }

    /// <param name="checkpoint">The commit that the stored figures are as of.</param>
    /// <param name="shown">Null: the stored figures are what readers are shown.</param>
    /// <param name="before">Goes on after it, if it still holds; null: from the first row.</param>
    public (BookReport Report, BookProgress Progress) Run(long checkpoint, ShownFigures? shown, BookProgress? before = null)
    {
        var last = Chain.At(_tables, Chain.Last(_tables));
        var governing = Governing();
        if (before is not null && (before.Governing != governing || checkpoint < before.Last.Commit || shown?.AsOf < before.Last.Commit)) before = null;
        var invoices = before?.Invoices ?? new InvoicePass(_labels);
        var pass = before?.Pass ?? new RowPass(_labels.Book, invoices);
        var figures = new FigurePass(_tables, _labels, pass.Sums);
        var stored = checkpoint == last.Commit ? last : Chain.At(_tables, checkpoint);
        var stops = new List<(long Posting, Action Compare)> { (stored.Last.Posting, () => figures.Stored(stored)) };
        if (shown is not null)
        {
            var inMemory = shown.AsOf == last.Commit ? last : Chain.At(_tables, shown.AsOf);
            stops.Add((inMemory.Last.Posting, () => figures.Shown(shown, inMemory)));
        }

        stops.Sort((left, right) => left.Posting.CompareTo(right.Posting));
        var total = last.Last.Usage + last.Last.Posting - (before is null ? 0 : before.Last.Last.Usage + before.Last.Last.Posting);
        pass.Run(_tables, _labels, _query, total, [.. stops.Select(stop => stop.Posting)], at => stops[at].Compare());

        foreach (var some in pass.Suspects.OrderBy(pair => pair.Key).Chunk(RowLookup.Together))
        {
            _rows.Load([.. some.Select(pair => pair.Key)], [.. some.SelectMany(pair => pair.Value.Postings)]);
            foreach (var (usage, suspect) in some) Look(usage, suspect);
        }

        foreach (var some in pass.OfNothing.Chunk(RowLookup.Together))
        {
            _rows.Load([], some);
            foreach (var posting in some)
            {
                if (!_rows.IsTakenBack(posting) && _rows.Posting(posting) is { } charge) _findings.Add(RowRules.ChargeOfNothing(charge));
            }
        }

        _findings.AddRange(figures.Findings);
        _findings.AddRange(invoices.Findings(_labels));
        OpenHolds();
        var unused = SettledWithoutUsage(before);
        var rebound = Rebound(before);
        foreach (var (usage, right) in rebound) Look(usage, new(), right);
        List<UnevenDay> uneven = _query.RuntimeDue is { } due ? [.. RuntimeRules.Uneven(_query.Instances, pass.Standing, due, _query.Now.UnixMicros / Instant.MicrosPerSecond)] : [];
        return (new(_findings, uneven, pass.Rows + figures.Checked, last.Commit, pass.More), new(pass, invoices, last, governing, _tables.FirstOpenHold, unused, rebound));
    }

    private void Look(long seq, Suspect suspect, Payer? right = null)
    {
        var row = _rows.Usage(seq);
        if (row is null) return;
        var price = _labels.Price(row.Price);
        if (suspect.Again is { } again)
        {
            var standing = again.Where(posting => !_rows.IsTakenBack(posting)).ToList();
            var charges = standing.Count + (suspect.Posting > 0 && _rows.IsTakenBack(suspect.Posting) ? 0 : 1);
            foreach (var posting in standing) Add(new(row, price, _rows.Posting(posting), IsTakenBack: false, charges, UsageDefects.ChargedAgain));
        }

        var first = suspect.Posting > 0 ? suspect.Posting : _rows.ChargeOf(seq);
        Add(new(row, price, first > 0 ? _rows.Posting(first) : null, first > 0 && _rows.IsTakenBack(first), 1, (suspect.Defects & ~(UsageDefects.ChargedAgain | UsageDefects.Unattributed)) | _labels.Defects(row.Labels)), right);
    }

    private void Add(OddUsage odd, Payer? right = null) => _findings.AddRange(UsageRules.Of(odd, _query.Instances, right?.Org, right?.Key));

    private void OpenHolds()
    {
        using var open = _tables.Select(
            $"SELECT {RowReads.HoldColumns} FROM holds h LEFT JOIN hold_ends e ON e.hold = h.seq WHERE h.seq >= ? AND e.hold IS NULL AND h.expires_at < ? ORDER BY h.seq",
            _tables.FirstOpenHold, (_query.Now - BookQuery.HoldGrace).UnixMicros);
        while (open.Step()) _findings.Add(RowRules.OrphanHold(RowReads.Hold(open, no => _labels[no]).Hold, _query.Now));
    }

    private List<long> SettledWithoutUsage(BookProgress? before)
    {
        var unused = new List<long>();
        foreach (var (from, to) in before is null ? [(0, long.MaxValue)] : before.Unused.Select(hold => (hold, hold)).Append((before.FirstOpenHold, long.MaxValue)))
        {
            using var settled = _tables.Select(
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
        if (_tables.IdOfText("l.id") is not { } id) return [];
        const string columns = "SELECT u.seq, l.org, l.executor FROM";

        // All of them begin with the lineage, which most usage has none of; those that came since, with the usage.
        using var rows = before is null
            ? _tables.Select($"{columns} lineage l JOIN usage u ON u.id = {id} JOIN attributions a ON a.no = u.attribution WHERE l.kind = 1 AND a.org <> l.org ORDER BY u.seq")
            : _tables.Select(
                $"{columns} usage u JOIN lineage l ON l.operation_id = u.operation_id AND l.kind = 1 AND {id} = u.id JOIN attributions a ON a.no = u.attribution WHERE u.seq > ? AND a.org <> l.org ORDER BY u.seq",
                before.Last.Last.Usage);
        var rebound = before?.Rebound.ToList() ?? [];
        while (rows.Step()) rebound.Add((rows.Int64(0), new(rows.Text(1), rows.Text(2))));
        return rebound;
    }

    /// <summary>The last setting that sums depend on.</summary>
    private long Governing()
    {
        using var rows = _tables.Select(
            $"SELECT coalesce(max(seq), 0) FROM settings WHERE kind IN ({(int)SettingKind.Org}, {(int)SettingKind.Budget}, {(int)SettingKind.ClosedPeriod}) OR (kind = {(int)SettingKind.BillingDocument} AND name LIKE '{FinalInvoice.Prefix}%')");
        return rows.Step() ? rows.Int64(0) : 0;
    }
}
