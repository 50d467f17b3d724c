using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Compares cells, daily counters and balances with what the counted rows come to: those that were counted into since the last comparison.</summary>
/// <remarks>Both sides are as of one commit. They are moved by different code: the writer decides the one, the follower counts the other.</remarks>
internal sealed class SelfComparison
{
    /// <summary>Keys of one statement.</summary>
    private const int Together = 200;

    private readonly HashSet<RecountKey> _cells = [];
    private readonly HashSet<MonthKey> _days = [];
    private readonly HashSet<int> _orgs = [];

    /// <summary>Figures compared since the start.</summary>
    public long Compared { get; private set; }

    /// <summary>Remembers what was counted into.</summary>
    public void Touch(Recount recount)
    {
        foreach (var key in recount.Lines.Select(line => line.Key))
        {
            // A charge for no usage is in no cell and no window.
            if (key.Labels == 0) continue;
            if (key.Span == RecountSpan.Hour) _cells.Add(key);
            else _days.Add(new(key.Org, key.Start));
        }

        foreach (var month in recount.Months) _orgs.Add(month.Key.Org);
    }

    /// <summary>Compares what was touched, and forgets what agrees: the rest is compared again.</summary>
    public IReadOnlyList<Finding> Compare(Book book, ILedgerTables derived, ILedgerTables ledger, SumsEnd at)
    {
        if (_cells.Count + _days.Count + _orgs.Count == 0) return [];
        Compared += _cells.Count + _days.Count + _orgs.Count;
        var orgs = book.Orgs.Values.ToDictionary(org => org.FirstAccount);
        return [.. Cells(derived, ledger, at), .. Counters(book, orgs, derived, ledger, at), .. Accounts(book, orgs, derived, ledger, at)];
    }

    private List<Finding> Cells(ILedgerTables derived, ILedgerTables ledger, SumsEnd at)
    {
        var findings = new List<Finding>();
        foreach (var some in _cells.GroupBy(cell => cell.Start).SelectMany(hour => hour.Chunk(Together)).ToList())
        {
            var start = some[0].Start;
            var hour = start.UnixMicros / Instant.MicrosPerHour;
            var expected = some.ToDictionary(cell => cell.Labels, cell => new CellChange(new(hour, cell.Labels)));
            var orgs = In(some.Select(cell => cell.Org).Distinct());
            Each(derived, $"SELECT {LineReads.LineColumns} FROM recounts WHERE org IN ({orgs}) AND span = 0 AND start_at = ?",
                row =>
                {
                    var line = LineReads.Line(row);
                    if (expected.TryGetValue(line.Key.Labels, out var cell)) cell.Add(line.AsCell());
                }, start.UnixMicros);
            var stored = new Dictionary<int, Int128[]>();
            Each(ledger, $"SELECT {CellFigures.Names} FROM cells WHERE hour = ? AND attribution IN ({In(expected.Keys)})",
                row => stored[RowReads.Int32(row, 1)] = [.. Enumerable.Range(2, CellFigures.All.Count).Select(row.Int128)], hour);
            foreach (var key in some)
            {
                var (no, cell) = (key.Labels, expected[key.Labels]);
                var has = stored.GetValueOrDefault(no) ?? new Int128[CellFigures.All.Count];
                if (cell.Differs(has) is null) _cells.Remove(key);
                else Each(ledger, $"SELECT {RowReads.LabelsColumns} FROM attributions WHERE no = ?",
                    row => findings.Add(FigureRules.Cell(cell.Key, has, cell, RowReads.Labels(row).Labels, at)!), no);
            }
        }

        return findings;
    }

    private List<Finding> Counters(Book book, Dictionary<int, OrgState> orgs, ILedgerTables derived, ILedgerTables ledger, SumsEnd at)
    {
        var findings = new List<Finding>();
        foreach (var some in _days.GroupBy(day => day.Start).SelectMany(day => day.Chunk(Together)).ToList())
        {
            var start = some[0].Start;
            var charged = some.ToDictionary(day => day.Org, _ => Amount.Zero);
            Each(derived, $"SELECT {LineReads.LineColumns} FROM recounts WHERE org IN ({In(charged.Keys)}) AND span = 1 AND start_at = ? AND attribution > 0",
                row => charged[LineReads.Line(row).Key.Org] += LineReads.Line(row).Charge, start.UnixMicros);
            var meters = charged.Keys.ToDictionary(org => book.Budgets.Find(orgs[org].MeterBudget)!.No);
            var stored = new Dictionary<int, BudgetWindow>();
            Each(ledger, $"SELECT {RowReads.WindowColumns} FROM windows WHERE budget IN ({In(meters.Keys)}) AND start_at = ? AND each = ''",
                row => stored[RowReads.Int32(row, 0)] = RowReads.Window(row), start.UnixMicros);
            foreach (var (no, org) in meters)
            {
                var budget = book.Budgets.Find(orgs[org].MeterBudget)!;
                var has = stored.GetValueOrDefault(no) ?? new BudgetWindow(new(no, start, null), budget.WindowAt(start).End);
                var expected = has.Copy();

                // What counts in a day before the org was opened is in no window.
                if (budget.CountsAt(start)) expected.Posted = charged[org];
                if (FigureRules.Window(budget, orgs[org], has, expected, shown: null, at) is { } finding) findings.Add(finding);
                else _days.Remove(new(org, start));
            }
        }

        return findings;
    }

    private List<Finding> Accounts(Book book, Dictionary<int, OrgState> orgs, ILedgerTables derived, ILedgerTables ledger, SumsEnd at)
    {
        var findings = new List<Finding>();
        foreach (var some in _orgs.Chunk(Together).ToList())
        {
            var moved = some.ToDictionary(org => org, _ => Amount.Zero);
            Each(derived, $"SELECT {LineReads.MonthColumns} FROM recount_months WHERE org IN ({In(some)})",
                row => moved[LineReads.Month(row).Key.Org] += LineReads.Month(row).Change);
            var stored = new Dictionary<int, (Amount Debits, Amount Credits)>();
            Each(ledger, $"SELECT no, debits, credits FROM accounts WHERE no IN ({In(some)})",
                row => stored[RowReads.Int32(row, 0)] = (row.Amount(1), row.Amount(2)));
            foreach (var org in some)
            {
                var has = book.Accounts[orgs[org].AccountNo(AccountKind.Customer)].Copy();
                (has.Debits, has.Credits) = stored.GetValueOrDefault(org);
                var expected = has.Copy();
                expected.Debits = has.Credits - moved[org];
                if (FigureRules.Account(has, expected, shown: null, at) is { } finding) findings.Add(finding);
                else _orgs.Remove(org);
            }
        }

        return findings;
    }

    private static string In(IEnumerable<int> numbers) => string.Join(", ", numbers);

    private static void Each(ILedgerTables tables, string sql, Action<IRow> take, params ReadOnlySpan<long> values)
    {
        using var rows = tables.Select(sql, values);
        while (rows.Step()) take(rows);
    }
}
