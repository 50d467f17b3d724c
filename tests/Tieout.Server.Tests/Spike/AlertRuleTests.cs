using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Analysis.Detection;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Server.Spike;
using Tieout.Server.Tests.Outbox;
using Tieout.Storage;

namespace Tieout.Server.Tests.Spike;

/// <summary>That a rule is told once an episode, and its end too.</summary>
public sealed class AlertRuleTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), Hour = TimeSpan.FromHours(1), Day = TimeSpan.FromDays(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: usage of other labels does not count, an episode is told once however often and by whichever node it is looked at, lasts until a whole hour was
    // within the limit, and a removed rule ends its alert. Method: charges by hand, and a clock moved on.
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_threshold_is_told_once_an_episode_and_its_end_too(string store)
    {
        await using var world = await AlertWorld.StartAsync(store);
        await world.SetAsync("hour", """ "kind":"threshold","measure":"spend","limit":"5","scope":{"feature":"chat"} """);
        await world.ChargeAsync("5", 5 * Minute, feature: "chat");
        await world.ChargeAsync("100", 5 * Minute, feature: "search");
        Assert.Empty(await world.LookAsync());

        await world.ChargeAsync("0.000000001", 4 * Minute, feature: "chat");
        Assert.Equal(["alert.rule acme/hour"], await world.LookAsync());
        await world.OtherWatch().LookAsync(Stop);
        Assert.Single(await world.LookAsync());
        await AssertToldToTheOrgAsync(world);
        Assert.Equal(JsonValueKind.String, (await world.World.GetAsync("/orgs/acme/alert-rules/hour")).GetProperty("raised_since").ValueKind);

        world.Clock.Ahead += Hour;
        Assert.Single(await world.LookAsync());
        world.Clock.Ahead += Hour;
        Assert.Equal(["alert.rule acme/hour", "alert.resolved rule"], await world.LookAsync());
        Assert.Equal(JsonValueKind.Null, (await world.World.GetAsync("/orgs/acme/alert-rules/hour")).GetProperty("raised_since").ValueKind);

        // Usage of the hour before that comes late is another episode; the rule's removal ends it.
        await world.ChargeAsync("6", Hour, feature: "chat");
        Assert.Equal(3, (await world.LookAsync()).Count);
        await world.World.OkAsync(HttpMethod.Delete, "/orgs/acme/alert-rules/hour");
        Assert.Equal(["alert.resolved rule"], (await world.LookAsync()).Skip(3));
        Assert.Empty((await world.World.GetAsync("/orgs/acme/alert-rules")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_day_is_the_days_of_the_orgs_zone_and_failures_and_tokens_are_counted()
    {
        await using var world = await AlertWorld.StartAsync();
        await world.OpenAsync("kiwi", "Pacific/Auckland");
        await world.SetAsync("failures", """ "kind":"threshold","measure":"failures","period":"day","count":2 """, "kiwi");
        await world.SetAsync("tokens", """ "kind":"threshold","measure":"tokens","period":"day","count":3300 """, "kiwi");

        // At 12:30 UTC it is half past one in the morning of the next day: what failed two hours ago was yesterday.
        await world.ChargeAsync("0", 2 * Hour, "kiwi", status: 500, times: 2);
        await world.ChargeAsync("0", 10 * Minute, "kiwi", status: 0, times: 2);
        await world.ChargeAsync("0", 10 * Minute, "kiwi");
        Assert.Empty(await world.LookAsync());
        await world.ChargeAsync("0", 9 * Minute, "kiwi", status: 429);
        Assert.Equal(["alert.rule kiwi/failures", "alert.rule kiwi/tokens"], (await world.LookAsync()).Order(StringComparer.Ordinal));

        world.Clock.Ahead += Day;
        Assert.Equal(2, (await world.LookAsync()).Count(told => told == "alert.resolved rule"));
    }

    [Fact]
    public async Task An_hour_that_costs_a_multiple_of_its_baseline_hour_is_told_and_not_of_an_org_two_days_old()
    {
        await using var world = await AlertWorld.StartAsync();
        await world.OpenAsync("young");
        foreach (var (org, days) in new[] { ("acme", 7), ("young", 2) })
        {
            await world.SetAsync("ratio", """ "kind":"ratio","measure":"spend","percent":300,"limit":"2" """, org);
            await world.ChargeAsync("1", days * Day, org, times: 24 * days, every: Hour);
        }

        Assert.Empty(await world.LookAsync());
        await world.ChargeAsync("1.99", 5 * Minute);
        Assert.Empty(await world.LookAsync());
        await world.ChargeAsync("1.01", 5 * Minute);
        await world.ChargeAsync("9", 5 * Minute, "young");
        Assert.Equal(["alert.rule acme/ratio"], await world.LookAsync());
        world.Clock.Ahead += 2 * Hour;
        Assert.Equal("alert.resolved rule", (await world.LookAsync())[^1]);
    }

    // 1 an hour: 420.5 are spent of 744 hours when half of the hour is over, and 323.5 are to come.
    [Fact]
    public async Task A_budget_that_would_be_exceeded_is_told_long_before_it_is_and_another_limit_ends_it()
    {
        await using var world = await AlertWorld.StartAsync();
        await BudgetAsync("743");
        await world.SetAsync("month", """ "kind":"forecast" """);
        await world.ChargeAsync("1", 420 * Hour, times: 420, every: Hour);
        await world.ChargeAsync("0.5", Minute);
        Assert.Equal(["alert.rule acme/month"], await world.LookAsync());
        await BudgetAsync("745");
        Assert.Equal(["alert.rule acme/month", "alert.resolved rule"], await world.LookAsync());

        Task BudgetAsync(string limit) =>
            world.World.OkAsync(HttpMethod.Put, "/orgs/acme/budgets", $$"""{"window":"month","limit":"{{limit}}","hard":false}""");
    }

    [Fact]
    public async Task A_verdict_is_told_where_the_rule_names_it_and_the_rise_is_large_enough()
    {
        await using var world = await AlertWorld.StartAsync();
        await world.SetAsync("sustained", """ "kind":"spike","percent":50 """);
        await world.SetAsync("rising", """ "kind":"spike","verdicts":["rising"],"limit":"3" """);
        var verdicts = world.World.Server.Services.GetRequiredService<SpikeVerdicts>();

        Judged(SpikeVerdict.Rising, 10, 12.9);
        Assert.Empty(await world.LookAsync());
        Judged(SpikeVerdict.Rising, 10, 13.1);
        Assert.Equal(["alert.rule acme/rising"], await world.LookAsync());
        Judged(SpikeVerdict.Sustained, 10, 16);
        Assert.Equal(["alert.rule acme/rising", "alert.resolved rule", "alert.rule acme/sustained"], await world.LookAsync());

        // A sustained rise that pauses goes on; one that is over ends.
        Judged(SpikeVerdict.Rising, 10, 15);
        Assert.Equal(["alert.rule acme/rising"], (await world.LookAsync()).Skip(3));
        Judged(SpikeVerdict.Ended, 10, 15);
        Assert.Equal(["alert.resolved rule", "alert.resolved rule"], (await world.LookAsync()).Skip(4));

        void Judged(SpikeVerdict verdict, double expected, double actual)
        {
            var hour = SpikeRequest.HourOf(world.Now);
            verdicts.Set("acme", hour, new(verdict, BenignReason.None, hour - 4, hour, 4, new Dictionary<long, double>(), expected * 1e9, actual * 1e9));
        }
    }

    [Fact]
    public async Task An_org_whose_hours_cannot_be_read_keeps_no_other_org_from_being_judged()
    {
        await using var world = await AlertWorld.StartAsync();
        await world.OpenAsync("broken");
        foreach (var org in (string[])["acme", "broken"])
        {
            await world.SetAsync("hour", """ "kind":"threshold","measure":"spend","limit":"5" """, org);
            await world.ChargeAsync("6", Minute, org);
        }

        await world.Watch.LookAsync(new BrokenHours(world.World.Ledger.Read, "broken"), Stop);
        Assert.Equal(["alert.rule acme/hour"], await ToldAlerts.AllAsync(world.World));
        Assert.Equal(2, (await world.LookAsync()).Count);
    }

    private static async Task AssertToldToTheOrgAsync(AlertWorld world)
    {
        var row = (await world.World.Ledger.Read.OutboxAsync("acme", 0, 100, Stop)).Single(row => row.Type == "alert.rule");
        using var body = JsonDocument.Parse(row.Body);
        Assert.Equal(("hour", "5"), (body.RootElement.GetProperty("rule").GetString(), body.RootElement.GetProperty("limit").GetString()));
        Assert.Contains("spend of feature=chat", body.RootElement.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    private sealed class BrokenHours(IRecountReader read, string org) : IRecountReader
    {
        public Task<IReadOnlyList<LabelledLine>> SumsAsync(RecountQuery query, CancellationToken cancellationToken) =>
            query.Org.Org.Id == org ? throw new OverflowException("Hours that do not add up.") : read.SumsAsync(query, cancellationToken);

        public Task<IReadOnlyList<StatusCount>> StatusesAsync(RecountQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<LabelledCosts>> ClassCostsAsync(RecountQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<MonthSums> MonthAsync(OrgState org, Instant from, Instant to, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
