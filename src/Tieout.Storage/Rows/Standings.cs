using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Rows;

/// <summary>What readers of both stores make of books and rows.</summary>
internal static class Standings
{
    /// <summary>How a budget stands in the window that <paramref name="at"/> lies in. A window that nothing was spent in is all zero.</summary>
    public static BudgetWindow Window(Book book, BudgetState budget, string? endUser, Instant at)
    {
        var period = budget.WindowAt(at);
        var key = new WindowKey(budget.No, period.Start, budget.IsPerUser ? endUser : null);
        return book.Window(key) ?? new BudgetWindow(key, period.End);
    }

    /// <summary>Every window of a budget that contains <paramref name="at"/>: one, or one an end user who spent.</summary>
    public static IReadOnlyList<BudgetWindow> WindowsOf(Book book, BudgetState budget, Instant at) => budget.IsPerUser
        ? [.. book.Windows.Values.Where(window => window.Key.Budget == budget.No && window.Key.Start == budget.WindowAt(at).Start)]
        : [Window(book, budget, endUser: null, at)];

    public static BudgetStanding Of(BudgetState budget, BudgetWindow window, Instant at) => new(
        budget, budget.WindowAt(at), window.Key.Each, window.Posted, window.Held,
        budget.Budget.Limit is { } limit ? limit - window.Committed : null, window.LastAlertedPercent);

    /// <summary>SQL: a charge or its correction, known by its account, for a bug may have charged for no usage at all.</summary>
    public static string IsOfRevenue(OrgState org) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"(p.debit = {org.AccountNo(AccountKind.Revenue)} OR p.credit = {org.AccountNo(AccountKind.Revenue)})");

    /// <summary>Labels of a charge for no usage.</summary>
    public static UsageLabels NoUsage(string org) => new() { Org = org, Source = UsageSource.Import };

    /// <summary>A row of <see cref="CellFigures.Names"/>.</summary>
    public static CellLine Cell(IRow row, Func<int, UsageLabels> labels)
    {
        var from = new ColumnReader(row);
        var key = new CellKey(from.Long(), from.Int());
        Span<Int128> figures = stackalloc Int128[CellFigures.All.Count];
        for (var i = 0; i < figures.Length; i++) figures[i] = CellFigures.All[i].Type is ColumnType.Sum ? from.Sum() : from.Long();
        return new(new Instant(key.Hour * Instant.MicrosPerHour), labels(key.Labels), CellChange.Of(key, figures));
    }
}
