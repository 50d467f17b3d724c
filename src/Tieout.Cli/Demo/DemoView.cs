using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Tieout.Cli.Output;
using Tieout.Server.Budgets;
using Tieout.Simulator.Replay;

namespace Tieout.Cli.Demo;

/// <summary>Shows the traffic as it goes: a table that is redrawn on a terminal, a line now and then elsewhere.</summary>
internal sealed class DemoView(ApiClient api, Shell shell, bool silent)
{
    private const int BarWidth = 28;
    private static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    private volatile ReplayProgress _progress = new(0, 0, 0, 0, default, TimeSpan.Zero);

    /// <summary>Where the replay reports to.</summary>
    public void Report(ReplayProgress progress) => _progress = progress;

    /// <summary>Shows until the work is done.</summary>
    public async Task<T> WhileAsync<T>(Task<T> work, CancellationToken cancellationToken)
    {
        if (silent) return await work;
        if (shell.Out is not TerminalWriter terminal) return await LinesAsync(work, cancellationToken);
        return await terminal.Console.Live(new Text("")).StartAsync(async live =>
        {
            while (true)
            {
                var ended = await Task.WhenAny(work, Task.Delay(RedrawEvery, cancellationToken)) == work;
                live.UpdateTarget(Table(await BudgetsAsync(cancellationToken)));
                if (ended) return await work;
            }
        });
    }

    private async Task<T> LinesAsync<T>(Task<T> work, CancellationToken cancellationToken)
    {
        while (true)
        {
            var ended = await Task.WhenAny(work, Task.Delay(LineEvery, cancellationToken)) == work;
            var budgets = string.Join("; ",
                (await BudgetsAsync(cancellationToken)).Select(
                    budget => $"{Name(budget)} {Short(budget.Posted)}/{Short(budget.Limit!.Value)}{(IsFull(budget) ? " FULL, refusing" : "")}"));
            await shell.Out.WriteLineAsync($"{Figures()} | {budgets}");
            if (ended) return await work;
        }
    }

    private async Task<IReadOnlyList<BudgetBody>> BudgetsAsync(CancellationToken cancellationToken) =>
        (await api.GetAsync($"orgs/{DemoOrg.Id}/budgets", ApiClient.Json.BudgetListBody, cancellationToken)).Items;

    private Rows Table(IReadOnlyList<BudgetBody> budgets)
    {
        var table = new Table { Border = TableBorder.Simple }.AddColumns("budget", "window", "", "spent", "held", "limit", "");
        foreach (var budget in budgets)
        {
            IRenderable[] cells =
            [
                new Text(Name(budget)), new Text(Lower(budget.Window)), Bar(budget), new Text(Short(budget.Posted)), new Text(Short(budget.Held)),
                new Text(Short(budget.Limit!.Value)), new Markup(IsFull(budget) ? "[red]full: refusing[/]" : budget.Hard ? "" : "[grey]soft[/]"),
            ];
            table.AddRow(cells);
        }

        return new(new Text(Figures()), table);
    }

    private string Figures()
    {
        var now = _progress;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{now.Elapsed.TotalSeconds:N0} s: {now.Sent:N0} sent, {now.RequestsPerSecond:N1}/s, {now.Ok:N0} ok, {now.Refused:N0} refused, {now.Failed:N0} failed, spent {Short(now.Cost)} USD");
    }

    private static Markup Bar(BudgetBody budget)
    {
        var limit = budget.Limit!.Value;
        var filled = limit.Nanos == 0 ? BarWidth : (int)Math.Min(BarWidth, BarWidth * budget.Posted.ToDecimal() / limit.ToDecimal());
        var colour = filled >= BarWidth * 9 / 10 ? "red" : filled >= BarWidth * 3 / 4 ? "yellow" : "green";
        return new($"[{colour}]{new string('█', filled)}[/][grey]{new string('░', BarWidth - filled)}[/]");
    }

    /// <summary>Next to nothing is left, so that nearly every request's ceiling is above it.</summary>
    private static bool IsFull(BudgetBody budget) => budget is { Hard: true, Left: { } left, Limit: { } limit } && left.Nanos < limit.Nanos / 50;

    private static string Name(BudgetBody budget) => budget.Team is { } team ? $"team {team}" : "org";

    private static string Lower(Core.Budgets.WindowUnit window) => window.ToString().ToLowerInvariant();

    private static string Short(Core.Money.Amount amount) => amount.ToDecimal().ToString("0.00", CultureInfo.InvariantCulture);
}
