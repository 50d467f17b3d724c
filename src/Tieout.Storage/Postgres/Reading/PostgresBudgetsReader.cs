using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Money;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Reading;

/// <summary>Budgets and windows from this node's books, compared with the database first; recounts from the tables.</summary>
internal sealed class PostgresBudgetsReader(PostgresConnections connections, Buckets layout, PostgresPosition position, PostgresOrgs orgs) : IBudgetsReader
{
    public IReadOnlyList<BudgetStanding> Budgets(string org, Instant at) => position.Fresh(org).Read(book =>
        book.Budgets.Of(org).SelectMany(budget => Standings.WindowsOf(book, budget, at).Select(window => Standings.Of(budget, window, at))).ToArray());

    public IReadOnlyList<BudgetState> BudgetStates(string org) => position.Fresh(org).Read(book => book.Budgets.Of(org));

    public Amount SpentToday(string org, Instant at) => position.Fresh(org).Read(book =>
        book.Org(org) is { } state ? Standings.Window(book, book.Budgets.Find(state.MeterBudget)!, endUser: null, at).Posted : Amount.Zero);

    public async Task<IReadOnlyList<BudgetWindow>> RecountAsync(
        string org, IReadOnlyList<BudgetState> budgets, Instant at, CancellationToken cancellationToken) =>
        orgs.Org(org) is { } state ? await connections.RunAsync(connection => Backfill.WindowsAsync(connection, layout.Of(org), state, budgets, at)) : [];
}
