using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Money;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Budgets and windows from the image of the last commit; recounts from the file.</summary>
internal sealed class SqliteBudgetsReader(ReadConnections connections, LedgerWriter writer) : IBudgetsReader
{
    public IReadOnlyList<BudgetStanding> Budgets(string org, Instant at) => writer.Pipeline.Read(image =>
        image.Budgets.Of(org).SelectMany(budget => image.WindowsOf(budget, at).Select(window => Standing(budget, window, at))).ToArray());

    public IReadOnlyList<BudgetState> BudgetStates(string org) => writer.Pipeline.Read(image => image.Budgets.Of(org));

    public Amount SpentToday(string org, Instant at) => writer.Pipeline.Read(image => image.Org(org) is { } state ? image.SpentToday(state, at) : Amount.Zero);

    public Task<IReadOnlyList<BudgetWindow>> RecountAsync(string org, IReadOnlyList<BudgetState> budgets, Instant at, CancellationToken cancellationToken) =>
        connections.RowsAsync(cancellationToken,
            connection => writer.Pipeline.Read(image => image.Org(org)) is { } state ? Backfilling.Windows(connection, state, budgets, at) : []);

    private static BudgetStanding Standing(BudgetState budget, BudgetWindow window, Instant at) => new(
        budget, budget.WindowAt(at), window.Key.Each, window.Posted, window.Held,
        budget.Budget.Limit is { } limit ? limit - window.Committed : null, window.LastAlertedPercent);
}
