using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>Figures that follow from rows (accounts, windows, cells), as stored and as shown, against what the rows come to.</summary>
public static class FigureRules
{
    /// <param name="stored">As the checkpoint has it; null: it has none, which is zero.</param>
    /// <param name="expected">What the rows up to the checkpoint come to.</param>
    /// <param name="shown">As memory has it, with what the rows up to that commit come to; null: not in memory.</param>
    /// <param name="at">What <paramref name="expected"/> is the sum up to.</param>
    public static Finding? Account(Account? stored, Account expected, (Account Shown, Account Expected)? shown, SumsEnd at)
    {
        var inStore = Drift(stored, expected);
        var inMemory = shown is { } pair ? Drift(pair.Shown, pair.Expected) : (AccountDeltas?)null;
        var sameGrants = (stored?.Grants ?? []).AsSpan().SequenceEqual(expected.Grants.AsSpan());
        if (inStore == default && inMemory.GetValueOrDefault() == default && sameGrants) return null;
        var (has, should) = inStore != default || shown is null
            ? (stored ?? new(expected.No, expected.Org, expected.Kind, expected.Asset), expected) : (shown.Value.Shown, shown.Value.Expected);
        var (left, right) = (has.Balance - has.Held, should.Balance - should.Held);
        if (left == right) (left, right) = (has.Debits, should.Debits);
        return new(
            FindingCode.QuotaMismatch, new(expected.Org), $"account/{expected.No}", left, right,
            $"account {expected.No} ({expected.Kind}) says {left} (balance less holds), its entries and open holds come to {right}",
            $"SELECT account_no, sum(amount_nanos) FROM ledger_entries WHERE account_no = {expected.No}",
            new Repair.Rebuild(new FigureDrift.OfAccount(expected, inStore, inMemory) { At = at }));
    }

    /// <param name="budget">The window's; of the built-in daily meter, it is the flat counter of the org.</param>
    public static Finding? Window(
        BudgetState budget, OrgState org, BudgetWindow? stored, BudgetWindow expected, (BudgetWindow Shown, BudgetWindow Expected)? shown, SumsEnd at)
    {
        var inStore = Drift(stored, expected);
        var inMemory = shown is { } pair ? Drift(pair.Shown, pair.Expected) : (WindowDeltas?)null;
        if (inStore == default && inMemory.GetValueOrDefault() == default) return null;
        var key = expected.Key;
        var (has, should) = inStore != default || shown is null ? (stored, expected) : (shown.Value.Shown, shown.Value.Expected);
        var (left, right) = (has?.Committed ?? Amount.Zero, should.Committed);
        if (left == right) (left, right) = (has?.Posted ?? Amount.Zero, should.Posted);
        var isMeter = string.Equals(budget.Budget.Id, org.MeterBudget, StringComparison.Ordinal);
        var name = $"{budget.Budget.Id} from {key.Start}{(key.Each is { } user ? $" of {user}" : "")}";
        var scope = budget.Budget.Scope;
        return new(
            isMeter ? FindingCode.CounterDrift : FindingCode.WindowDrift,
            new(org.Org.Id, scope.Project, scope.Team, scope.Key, Window: name, At: key.Start), $"window/{key.Budget}/{key.Start.UnixMicros}/{key.Each}", left,
            right,
            isMeter ? $"the daily counter {name} says {left}, the charges and holds of the day come to {right}"
                : $"window {name} says {left}, the charges and holds in it come to {right}",
            $"SELECT * FROM windows WHERE budget = {key.Budget} AND start_at = {key.Start.UnixMicros}",
            new Repair.Rebuild(new FigureDrift.OfWindow(expected, inStore, inMemory) { At = at }));
    }

    /// <param name="labels">The cell's; null: none were ever stored under its number.</param>
    public static Finding? Cell(CellKey key, ReadOnlySpan<Int128> stored, CellChange expected, UsageLabels? labels, SumsEnd sums)
    {
        if (expected.Differs(stored) is not { } what) return null;
        var right = expected.Figures;
        var deltas = new Int128[right.Length];
        for (var i = 0; i < right.Length; i++) deltas[i] = stored[i] - right[i];
        var at = new Instant(key.Hour * Instant.MicrosPerHour);
        return new(
            FindingCode.CellDrift, new(labels?.Org ?? "", labels?.Project, labels?.Team, labels?.Key, labels?.Runtime?.AppInstance, At: at),
            $"cell/{key.Hour}/{key.Labels}",
            new(stored[^1]), expected.Charge, $"the cell of {at}, attribution {key.Labels}, has {what}",
            $"SELECT * FROM cells WHERE hour = {key.Hour} AND attribution = {key.Labels}",
            new Repair.Rebuild(new FigureDrift.OfCell(expected, [.. deltas]) { At = sums }));
    }

    private static AccountDeltas Drift(Account? has, Account should) => new(
        (has?.Debits ?? Amount.Zero) - should.Debits, (has?.Credits ?? Amount.Zero) - should.Credits,
        (has?.Held ?? Amount.Zero) - should.Held, (has?.Version ?? 0) - should.Version);

    private static WindowDeltas Drift(BudgetWindow? has, BudgetWindow should) =>
        new((has?.Posted ?? Amount.Zero) - should.Posted, (has?.Held ?? Amount.Zero) - should.Held);
}
