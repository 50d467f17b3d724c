using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Core.Tests.Ledger;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Archive;

/// <summary>Traffic of three months, and everything that figures are reported from: the same for each store.</summary>
/// <param name="flush">Brings the stored figures to what is durable.</param>
internal sealed class DetachedTraffic(ILedger ledger, FakeClock clock, Func<Task> flush)
{
    public static DateTimeOffset March { get; } = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    public static Month May { get; } = new(2026, 5);

    /// <summary>When months are planned and figures are read.</summary>
    public static Instant MiddleOfMay { get; } = Instant.From(March.AddMonths(2).AddDays(5));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static PricedUsage Priced(int id, Instant at)
    {
        var of = id >= 90 ? "acme" : id % 2 == 0 ? "acme" : "beta";
        if (id is > 100 and < 500) of = id % 2 == 0 ? "acme" : "beta";
        var priced = Make.Priced(id, 1 + (id % 7), Make.Labels(of), "u1", at);
        return priced with { Price = null, Usage = priced.Usage with { Basis = UsageBasis.Imported } };
    }

    public static Command.Charge Charge(int id, Instant at) => new(Priced(id, at), Fact: true);

    /// <summary>March to May, each with 20 charges of two orgs and a hold that is released. A hold spans the end of April; budgets of every length
    /// count.</summary>
    public async Task LiveAsync(bool correctLate = false)
    {
        clock.Now = Instant.From(March);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.OpenOrg("beta"), Make.TopUp(1_000_000), Make.TopUp(1_000_000, "b", "beta"),
            new Command.Grant("g1", "acme", new(500), 1, ExpiresAt: null), Make.Budget(1_000_000, window: WindowUnit.Total),
            Make.Budget(900_000, window: WindowUnit.Week),
            Make.Budget(800_000, new BudgetScope("acme", User: BudgetScope.EachUser), WindowUnit.Month)])
        {
            await DoAsync(command);
        }

        for (var month = 0; month < 3; month++)
        {
            clock.Now = Instant.From(March.AddMonths(month));
            await ledger.SubmitAsync([.. Enumerable.Range(1, 20).Select(i => Charge((month * 100) + i, clock.Now))], Cancel);
            await DoAsync(new Command.PlaceHold(Make.Id((month * 100) + 90), Make.Labels(), null, "op", new(5), TimeSpan.FromHours(1)));
            await DoAsync(new Command.Release(Make.Id((month * 100) + 90)));
            if (month == 1) await SpanAsync();
        }

        if (correctLate) await DoAsync(new Command.Correct("late", "acme", await PostingOfAsync(102), new(3), "late"));
        await DoAsync(new Command.ClosePeriod("acme", new Month(2026, 4)));
        await DoAsync(new Command.ClosePeriod("beta", new Month(2026, 4)));
        await flush();
        while ((await ledger.Follower.StepAsync(Cancel)).Rows > 0)
        {
        }

        // The first charge of March is corrected in April, and a hold spans the end of April.
        async Task SpanAsync()
        {
            await DoAsync(new Command.Correct("c1", "acme", await PostingOfAsync(2), new(7), "wrong"));
            clock.Now = Instant.From(new DateTimeOffset(2026, 4, 30, 23, 59, 30, TimeSpan.Zero));
            await DoAsync(new Command.PlaceHold(Make.Id(500), Make.Labels(), "u1", "op500", new(9), TimeSpan.FromHours(1)));
            clock.Now = Instant.From(new DateTimeOffset(2026, 5, 1, 0, 0, 30, TimeSpan.Zero));
            await DoAsync(new Command.Settle(Priced(500, clock.Now)));
            await flush();
        }
    }

    /// <summary>The charge of an attempt of acme.</summary>
    public async Task<long> PostingOfAsync(int id)
    {
        var attempt = await ledger.Read.AttemptAsync("acme", Make.Id(id), Cancel);
        return (await ledger.Read.RecordsAsync("acme", attempt!, Cancel)).Postings[0].Row.Seq;
    }

    /// <summary>Everything that figures are reported from, as text.</summary>
    public async Task<string> FiguresAsync()
    {
        clock.Now = MiddleOfMay;
        var lines = new List<string>();
        void Line(FormattableString line) => lines.Add(FormattableString.Invariant(line));
        await flush();
        while ((await ledger.Follower.StepAsync(Cancel)) is { Rows: > 0 })
        {
        }

        var read = ledger.Read;
        foreach (var org in (string[])["acme", "beta"])
        {
            var (state, account) = (read.Org(org)!, read.Balance(org)!);
            Line($"{org} {account.Debits} {account.Credits} {account.Held} {account.Version} {string.Join(',', account.Grants)}");
            foreach (var window in read.Budgets(org, clock.Now)) Line($"{window.State.No} {window.Period.Start} {window.Each} {window.Posted} {window.Held}");
            var counted = await read.RecountAsync(org, read.BudgetStates(org), clock.Now, Cancel);
            foreach (var window in counted.Where(window => window.End > clock.Now).OrderBy(window => window.Key.Budget)) Line($"{window.Key} {window.Posted}");
            foreach (var cell in await read.CellsAsync(org, Instant.UnixEpoch, new(long.MaxValue / 2), Cancel))
            {
                Line($"{cell.Hour} {string.Join(',', cell.Sums.Figures)}");
            }

            foreach (var month in Enumerable.Range(3, 3).Select(month => new Month(2026, month)))
            {
                var (from, to) = (month.Start(state.Zone), month.End(state.Zone));
                var sums = await read.MonthAsync(state, from, to, Cancel);
                foreach (var line in sums.Lines) Line($"{line.Sums.Key} {line.Sums.Charge} {line.Sums.Attempts} {line.Sums.Corrections} {line.Sums.FirstPosting}");
                foreach (var line in sums.Months) Line($"{line.Key} {line.Change}");
                foreach (var sum in await read.ChargesAsync(org, from, to, Cancel)) Line($"{sum}");
            }
        }

        // Lines of one source come in no promised order.
        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    private async Task DoAsync(Command command) => Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));
}
