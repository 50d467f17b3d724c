using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Detaching;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>Goes through usage and postings side by side, once, and keeps only sums and the numbers of what is odd.</summary>
/// <remarks>Rows never change, so a later run may go on where this one ended: with the same instance, on what came since.</remarks>
/// <param name="book">Orgs and budgets: as long as they do not change, sums go on.</param>
/// <param name="invoices">Told of every posting of usage.</param>
internal sealed class RowPass(Book book, InvoicePass invoices)
{
    private const int ReportEvery = 1 << 17;

    private readonly Dictionary<long, LeanUsage> _uncharged = [];
    private readonly Dictionary<long, (ComponentDay Day, long Units, int Net)> _reversedRuns = [];
    private ILedgerTables _tables = null!;
    private BookLabels _labels = null!;
    private BookQuery _query = null!;
    private readonly Dictionary<ComponentDay, long> _used = [];
    private LeanUsage _usage;
    private bool _usageLeft;
    private long _lastUsage;
    private long _lastPosting;
    private long _detachedUsage;

    /// <summary>Accounts, windows and cells as the postings so far come to.</summary>
    public Recomputation Sums { get; } = new(book);

    public Dictionary<long, Suspect> Suspects { get; } = [];

    /// <summary>Charges of usage that is not there.</summary>
    public List<long> OfNothing { get; } = [];

    /// <summary>Units that stand charged, of instances, by day.</summary>
    public Dictionary<ComponentDay, long> Standing
    {
        get
        {
            var standing = new Dictionary<ComponentDay, long>(_used);
            foreach (var (day, units, net) in _reversedRuns.Values)
            {
                if (net <= 0) standing[day] -= units;
            }

            return standing;
        }
    }

    public long Rows { get; private set; }

    /// <summary>Odd rows beyond what is remembered.</summary>
    public long More { get; private set; }

    /// <summary>Goes on after detached rows, with what they came to.</summary>
    public void Begin(Detachment detached, FiguresAtCut figures)
    {
        (_lastUsage, _lastPosting, _detachedUsage) = (detached.Last.Usage, detached.Last.Posting, detached.Last.Usage);

        // What is held is counted from the open holds alone.
        foreach (var account in figures.Accounts) account.Held = Amount.Zero;
        foreach (var window in figures.Windows) window.Held = Amount.Zero;
        Sums.Begin(figures.Accounts, figures.Windows, figures.Cells);
    }

    /// <param name="total">Rows that came since; 0: none is read.</param>
    /// <param name="stops">Posting numbers, ascending, none of them gone by, after which <paramref name="at"/> is called.</param>
    public void Run(ILedgerTables tables, BookLabels labels, BookQuery query, long total, IReadOnlyList<long> stops, Action<int> at)
    {
        (_tables, _labels, _query, _usageLeft, Rows) = (tables, labels, query, true, 0);
        if (total > 0) Run(total, stops, at);
        else for (var i = 0; i < stops.Count; i++) at(i);
        (_tables, _labels, _query) = (null!, null!, null!);
    }

    private void Run(long total, IReadOnlyList<long> stops, Action<int> at)
    {
        var stop = 0;
        using var usage = LeanUsage.InOrder(_tables, _lastUsage);
        using var rows = _tables.Rows(new(
            "p.seq, p.kind, p.debit, p.credit, p.amount, p.usage_seq, p.reverses, p.effective_at, p.command_id", "postings p", "p.seq", _lastPosting));
        Next(usage);
        while (rows.Step())
        {
            var kind = (PostingKind)rows.Int64(1);
            var posting = new Posting(
                rows.Int64(0), kind, "", RowReads.Int32(rows, 2), RowReads.Int32(rows, 3), new(rows.Int64(4)), rows.Int64(5),
                kind is PostingKind.Grant or PostingKind.GrantExpiry ? rows.TextOrNull(8) : null, rows.Int64(6), null, new(rows.Int64(7)), default);
            while (stop < stops.Count && posting.Seq > stops[stop]) at(stop++);
            _lastPosting = posting.Seq;
            Add(posting, usage);
            if (++Rows % ReportEvery == 0) _query.Progress?.Invoke(Rows, total);
        }

        while (_usageLeft)
        {
            _uncharged[_usage.Seq] = _usage;
            Next(usage);
        }

        while (stop < stops.Count) at(stop++);
        foreach (var (seq, row) in _uncharged) Suspect(seq, UsageDefects.Uncharged);
    }

    private void Add(in Posting posting, IRows usage)
    {
        if (posting.UsageSeq == 0)
        {
            if (posting.Kind == PostingKind.Charge) OfNothing.Add(posting.Seq);
            Sums.Add(posting, usage: null, posting.Kind == PostingKind.Grant ? Grant(posting) : null);
            return;
        }

        while (_usageLeft && _usage.Seq < posting.UsageSeq)
        {
            _uncharged[_usage.Seq] = _usage;
            Next(usage);
        }

        if (posting.Kind == PostingKind.Charge && _usageLeft && _usage.Seq == posting.UsageSeq)
        {
            Charged(posting, _usage);
            Next(usage);
        }
        else if (posting.Kind == PostingKind.Charge && _uncharged.Remove(posting.UsageSeq, out var late))
        {
            Charged(posting, late);
        }
        else
        {
            Again(posting);
        }
    }

    private void Charged(in Posting posting, in LeanUsage usage)
    {
        if (posting.Amount != usage.Charge) Suspect(usage.Seq, UsageDefects.AmountDiffers);
        if (Suspects.TryGetValue(usage.Seq, out var suspect)) suspect.Posting = posting.Seq;
        Count(posting, usage);
    }

    private void Count(in Posting posting, in LeanUsage usage)
    {
        Sums.Add(posting, usage.Facts, _labels[usage.Facts.Labels]);
        invoices.Add(posting);
    }

    /// <summary>A second charge, or a correction.</summary>
    private void Again(in Posting posting)
    {
        // Not charged yet, and so neither corrected nor charged again: the next row may be it.
        var found = _usageLeft && _usage.Seq == posting.UsageSeq ? _usage : LeanUsage.Find(_tables, posting.UsageSeq);
        if (found is not { } usage)
        {
            if (posting.Kind == PostingKind.Charge) OfNothing.Add(posting.Seq);
            Sums.Add(posting, usage: null, command: null);
            return;
        }

        if (posting.Kind == PostingKind.Charge)
        {
            Suspect(usage.Seq, UsageDefects.ChargedAgain);
            if (Suspects.TryGetValue(usage.Seq, out var suspect)) (suspect.Again ??= []).Add(posting.Seq);
        }

        Count(posting, usage);
        if (usage.Seq <= _detachedUsage || RunOf(usage) is not { } run) return;
        var (day, units, net) = _reversedRuns.GetValueOrDefault(usage.Seq, (run.Day, run.Units, 1));
        _reversedRuns[usage.Seq] = (day, units, net + (posting.Kind == PostingKind.Reversal ? -1 : 1));
    }

    private void Next(IRows rows)
    {
        if (!rows.Step())
        {
            _usageLeft = false;
            return;
        }

        Rows++;
        _usage = LeanUsage.Read(rows);
        _lastUsage = _usage.Seq;
        var defects = UsageRules.Flags(_usage.ChargeFlags, _usage.Flags, _usage.Basis) | _labels.Defects(_usage.Facts.Labels);
        if (_usage.Price > 0 && !IsPriced(_usage)) defects |= UsageDefects.Mispriced;
        if (_labels.Find(_usage.Facts.Labels) is { Runtime: not null } of)
        {
            // A record that says that nothing was used after all has no place to be in.
            var used = RunOf(_usage);
            if (used is not { Units: 0 } && _query.Instances.Right(of, new(_usage.OccurredAt)) is not null) defects |= UsageDefects.Mislabelled;
            if (used is { } run) _used[run.Day] = _used.GetValueOrDefault(run.Day) + run.Units;
        }

        if (defects != UsageDefects.None) Suspect(_usage.Seq, defects);
    }

    private void Suspect(long usage, UsageDefects defects)
    {
        if (Suspects.TryGetValue(usage, out var known)) known.Defects |= defects;
        else if (Suspects.Count < BookQuery.SuspectsMax) Suspects[usage] = new() { Defects = defects };
        else More++;
    }

    private bool IsPriced(in LeanUsage usage)
    {
        try
        {
            return _labels.Price(usage.Price) is { } price && ClaimLimit.Agrees(ClaimLimit.Claimed(price, usage.Counts).Charge, usage.Charge, usage.Flags);
        }
        catch (Exception unpriceable) when (unpriceable is OverflowException or ArgumentOutOfRangeException or FormatException)
        {
            return false;
        }
    }

    /// <summary>Which day of which component a record of an instance is about, and how many units it says; null: it is of none.</summary>
    private (ComponentDay Day, long Units)? RunOf(in LeanUsage usage)
    {
        var of = _labels.Find(usage.Facts.Labels);
        if (of?.Runtime is not { } runtime || _query.Instances.Find(of.Org, runtime.AppInstance) is not { Instance: var instance }) return null;
        var place = Instances.Place(instance, runtime.Component);
        if (place < 0) return null;
        var units = UnitCounts.Of(usage.Counts)[instance.Components[place].Unit];
        return (new(instance.Org, instance.Id, place, usage.OccurredAt / Instant.MicrosPerSecond / ComponentDay.Seconds), units);
    }

    private CommandRow? Grant(in Posting posting)
    {
        using var rows = _tables.Select($"SELECT {RowReads.CommandColumns} FROM commands WHERE posting = ?", posting.Seq);
        return rows.Step() ? RowReads.Command(rows) : null;
    }
}

/// <summary>A usage record that something is odd about.</summary>
internal sealed class Suspect
{
    public UsageDefects Defects { get; set; }

    /// <summary>Its charge; 0: none was seen.</summary>
    public long Posting { get; set; }

    /// <summary>Further charges of it.</summary>
    public List<long>? Again { get; set; }

    public IEnumerable<long> Postings => (Again ?? []).Append(Posting).Where(posting => posting > 0);
}
