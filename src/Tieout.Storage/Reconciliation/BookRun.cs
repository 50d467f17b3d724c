using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Detaching;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>How far a run got, so that the next one looks at what came since. Rows never change; what they are summed by does when an org, a budget, a closed
/// period or an invoice comes.</summary>
/// <param name="Governing">The last setting and the last invoice that sums depend on.</param>
/// <param name="FirstOpenHold">No hold before it was open then.</param>
/// <param name="Unused">Holds that were settled without usage.</param>
internal sealed record BookProgress(
    RowPass Pass, InvoicePass Invoices, ChainRow Last, (long Setting, long Invoice) Governing, long FirstOpenHold, IReadOnlyList<long> Unused,
    LineagePass Lineages);

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
        var invoices = before?.Invoices ?? new InvoicePass(_tables, _labels);
        var detached = _tables.Detached;
        var pass = before?.Pass ?? new RowPass(_labels.Book, invoices);
        if (before is null && detached is not null) pass.Begin(detached, FiguresAtCut.Read(_tables, detached.Last.Commit, _labels.Book));
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

        var more = pass.More + Look(pass.Suspects);
        foreach (var some in pass.OfNothing.Chunk(RowLookup.Together))
        {
            _rows.Load([], some);
            foreach (var posting in some)
            {
                if (!_rows.IsTakenBack(posting) && _rows.Posting(posting) is { } charge) _findings.Add(RowRules.ChargeOfNothing(charge));
            }
        }

        _findings.AddRange(figures.Findings);
        _findings.AddRange(invoices.Findings(_tables));
        OpenHolds();
        var unused = SettledWithoutUsage(before);
        var lineages = LineagePass.Run(_tables, _labels, _query, before?.Lineages, before?.Last.Last.Lineage ?? detached?.Last.Lineage ?? 0);
        more += LookRebound(lineages.Rebound);
        _findings.AddRange(lineages.Lost);
        List<UnevenDay> uneven = _query.RuntimeDue is { } due
            ? [.. RuntimeRules.Uneven(_query.Instances, pass.Standing, due, _query.Now.UnixMicros / Instant.MicrosPerSecond)
                .Where(day => detached is null || day.Day.Day * ComponentDay.Seconds * Instant.MicrosPerSecond > detached.RecordedAt.UnixMicros)] : [];
        return (new(_findings, uneven, pass.Rows + figures.Checked, last.Commit, more + lineages.More),
            new(pass, invoices, last, governing, _tables.FirstOpenHold, unused, lineages));
    }

    /// <summary>Usage that is charged to another org than its envelope's. It has a limit of its own, so that other findings never leave it out.</summary>
    /// <param name="rebound">What is repaired or accepted is taken off, so that the next run does not look at it again.</param>
    /// <returns>How many are left for the next run.</returns>
    private long LookRebound(List<(long Usage, Payer Right)> rebound)
    {
        var (first, more, left) = (_findings.Count, 0L, new List<(long, Payer)>());
        foreach (var some in rebound.Chunk(RowLookup.Together))
        {
            _rows.Load([.. some.Select(one => one.Usage)], []);
            foreach (var one in some)
            {
                var before = _findings.Count;
                if (before - first < _query.Most) Look(one.Usage, new(), one.Right);
                else more++;
                if (_findings.Count > before || before - first >= _query.Most) left.Add(one);
            }
        }

        rebound.Clear();
        rebound.AddRange(left);
        return more;
    }

    /// <summary>What is to be said of usage that is another org's than its envelope.</summary>
    public IEnumerable<Finding> Rebound(long usage, Payer right)
    {
        _findings.Clear();
        Look(usage, new(), right);
        return _findings;
    }

    /// <summary>What is repaired or accepted stays so, and is not looked at again.</summary>
    /// <returns>How many are left for the next run.</returns>
    private long Look(Dictionary<long, Suspect> suspects)
    {
        var more = 0L;
        foreach (var some in suspects.OrderBy(pair => pair.Key).Chunk(RowLookup.Together))
        {
            if (_findings.Count >= _query.Most)
            {
                more += some.Length;
                continue;
            }

            _rows.Load([.. some.Select(pair => pair.Key)], [.. some.SelectMany(pair => pair.Value.Postings)]);
            foreach (var (usage, suspect) in some)
            {
                var before = _findings.Count;
                Look(usage, suspect);
                if (_findings.Count == before) suspects.Remove(usage);
            }
        }

        return more;
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
        Add(new(row, price, first > 0 ? _rows.Posting(first) : null, first > 0 && _rows.IsTakenBack(first), 1,
            (suspect.Defects & ~(UsageDefects.ChargedAgain | UsageDefects.Unattributed)) | _labels.Defects(row.Labels)), right);
    }

    private void Add(OddUsage odd, Payer? right = null) =>
        _findings.AddRange(UsageRules.Of(odd, _query.Instances, right?.Org, right?.Key).Where(finding => _query.Accepted?.Contains(finding.Id) != true));

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
        foreach (var (from, to) in before is null
            ? [(0, long.MaxValue)] : before.Unused.Select(hold => (hold, hold)).Append((before.FirstOpenHold, long.MaxValue)))
        {
            using var settled = _tables.Select(
                $"SELECT {RowReads.HoldColumns} FROM hold_ends e JOIN holds h ON h.seq = e.hold LEFT JOIN usage u ON u.id = h.id WHERE e.hold >= ? AND e.hold <= ? AND e.state = 1 AND u.id IS NULL ORDER BY h.seq",
                from, to);
            while (settled.Step())
            {
                var hold = RowReads.Hold(settled, no => _labels[no]).Hold;
                if (unused.Contains(hold.Seq)) continue;
                unused.Add(hold.Seq);
                if (!_tables.IsUsedElsewhere(hold.Id.Value)) _findings.Add(RowRules.SettledWithoutUsage(hold));
            }
        }

        return unused;
    }

    private (long Setting, long Invoice) Governing() => (
        Newest($"settings WHERE kind IN ({(int)SettingKind.Org}, {(int)SettingKind.Budget}, {(int)SettingKind.ClosedPeriod})"),
        Newest($"records WHERE kind = {(int)RecordKind.BillingDocument} AND name LIKE '{FinalInvoice.Numbers.Prefix}%'"));

    private long Newest(string of)
    {
        using var rows = _tables.Select($"SELECT coalesce(max(seq), 0) FROM {of}");
        return rows.Step() ? rows.Int64(0) : 0;
    }
}
