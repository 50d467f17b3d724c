using System.Globalization;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Tests.Http;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Server.Tests.Budgets;

/// <summary>What an on-call engineer asks when costs seem to fall behind.</summary>
public sealed class DriftCommandTests
{
    [Fact]
    public async Task B2_every_window_and_level_ties_with_what_is_counted_anew()
    {
        await using var world = await ApiWorld.StartAsync();
        var (key, _) = await world.KeyAsync(team: "red");
        await world.OkAsync(HttpMethod.Put, "/orgs/acme/budgets", """{"window":"day","limit":"100","hard":true,"team":"red"}""");
        await world.OkAsync(HttpMethod.Put, "/orgs/acme/budgets", """{"window":"month","limit":"100","hard":false,"user":"*"}""");
        await world.ChargeAsync("3", team: "red", key: key, operation: "op-1");
        await world.ChargeAsync("2.5", operation: "op-2");
        await HoldAsync(world, "red");

        var run = await world.RunAsync("budgets", "reconcile", "acme", "--json");
        Assert.True(run.ExitCode == 0, run.Out + run.Error);
        var red = Window(run, "acme/team=red/day");
        Assert.Equal(("3", "3", "4", "4", "0"),
            (Text(red, "posted"), Text(red, "posted_counted"), Text(red, "held"), Text(red, "held_counted"), Text(red, "difference")));
        var users = run.Json.GetProperty("windows").EnumerateArray().Where(window => Text(window, "budget") == "acme/user=*/month").ToDictionary(
            window => Text(window, "user")!);
        Assert.Equal(("5.5", "0"), (Text(users["user-1"], "posted"), Text(users["user-1"], "held_counted")));
        Assert.Equal(("0", "4"), (Text(users["u"], "posted"), Text(users["u"], "held_counted")));
        foreach (var level in run.Json.GetProperty("levels").EnumerateArray()) Assert.Equal(("5.5", "5.5"), (Text(level, "total"), Text(level, "flat")));
        Assert.Contains("Everything ties", (await world.RunAsync("budgets", "reconcile", "acme")).Out, StringComparison.Ordinal);

        var costs = await world.RunAsync("costs", "reconcile", "--json");
        Assert.Equal(0, costs.ExitCode);
        Assert.Equal(["5.5", "5.5", "5.5", "5.5", "5.5"], Surfaces(costs).Select(surface => Text(surface, "total")));
    }

    [Fact]
    public async Task Costs_of_a_range_are_recounted_from_rows_and_only_today_has_a_counter()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("3", operation: "op-1");
        await world.ChargeAsync("2.5", operation: "op-2");
        string Day(int days) => DateTimeOffset.UtcNow.AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        var range = await world.RunAsync("costs", "reconcile", "--org", "acme", "--from", Day(-30), "--to", Day(2), "--json");
        Assert.Equal(0, range.ExitCode);
        Assert.Equal(["5.5", null, "5.5", "5.5", "5.5"], Surfaces(range).Select(surface => Text(surface, "total")));
        var before = await world.RunAsync("costs", "reconcile", "--from", Day(-30), "--to", Day(-1), "--json");
        Assert.Equal(["0", null, "0", "0", "0"], Surfaces(before).Select(surface => Text(surface, "total")));
        foreach (var (from, to, says) in ((string, string, string)[])
        [
            (Day(1), Day(0), "is empty"), (Day(-400), Day(0), "at most 366 days"), ("yesterday", Day(0), "is not a time"),
        ])
        {
            var refused = await world.RunAsync("costs", "reconcile", "--from", from, "--to", to);
            Assert.NotEqual(0, refused.ExitCode);
            Assert.Contains(says, refused.Error, StringComparison.Ordinal);
        }
    }

    // Goal: what was counted before the row was changed stays as it was, so the row's own sum differs from all other surfaces.
    [Fact]
    public async Task A_posting_changed_behind_the_ledgers_back_shows_against_every_other_surface()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("3", operation: "op-1");
        await world.ChargeAsync("2", operation: "op-2");
        await world.CountedAsync();
        using (var file = RawConnection.Open(Path.Combine(world.Folder.FullName, "tieout.db")))
        {
            file.Execute("UPDATE postings SET amount = amount + 1000000000 WHERE kind = 3 AND amount = 2000000000");
        }

        var costs = await world.RunAsync("costs", "reconcile", "--json");
        Assert.Equal(1, costs.ExitCode);
        Assert.Equal([("postings", "0"), ("counter", "1"), ("usage", "1"), ("cells", "1"), ("invoice_lines", "1")],
            Surfaces(costs).Select(surface => (Text(surface, "surface"), Text(surface, "difference"))));

        var budgets = await world.RunAsync("budgets", "reconcile", "acme", "--json");
        Assert.Equal(1, budgets.ExitCode);
        Assert.Equal("-1", Text(Window(budgets, "acme/day"), "difference"));
        var today = await world.RunAsync("costs", "today", "--json");
        Assert.Equal((0, "5"), (today.ExitCode, Text(today.Json, "ledger_daily_total")));
    }

    [Fact]
    public async Task Failures_are_told_by_source_provider_model_and_status_with_their_share()
    {
        await using var world = await ApiWorld.StartAsync();
        foreach (var (status, n) in new[] { (200, 6), (429, 3), (0, 1) })
        {
            for (var i = 0; i < n; i++) await FailAsync(world, status);
        }

        var run = await world.RunAsync("errors", "by-source", "gateway", "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal((10, 4), (run.Json.GetProperty("attempts").GetInt32(), run.Json.GetProperty("failures").GetInt32()));
        var items = run.Json.GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal([(429, 3, 10, 30m), (0, 1, 10, 10m)], items.Select(item =>
            (item.GetProperty("status").GetInt32(), item.GetProperty("failures").GetInt32(), item.GetProperty("attempts").GetInt32(),
                item.GetProperty("share_pct").GetDecimal())));
        Assert.Empty((await world.RunAsync("errors", "by-source", "import", "--json")).Json.GetProperty("items").EnumerateArray());
        Assert.Equal(2, (await world.RunAsync("errors", "by-source", "nowhere")).ExitCode);
        Assert.Equal(2, (await world.RunAsync("errors", "by-source", "--hours", "0")).ExitCode);
    }

    private static async Task HoldAsync(ApiWorld world, string team)
    {
        var labels = new UsageLabels { Org = "acme", Team = team, Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway };
        var now = Instant.From(DateTimeOffset.UtcNow);
        Assert.IsType<Outcome.Done>(
            await world.Ledger.SubmitAsync(new Command.PlaceHold(new(Guid.CreateVersion7()), labels, "u", "op-h", Amount.Parse("4"), TimeSpan.FromMinutes(5))));
    }

    private static async Task FailAsync(ApiWorld world, int status)
    {
        var now = Instant.From(DateTimeOffset.UtcNow);
        var labels = new UsageLabels { Org = "acme", Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway };
        var usage = new UsageRecord(
            new(Guid.CreateVersion7()), labels, $"op-{Guid.NewGuid()}", 1, null, null, null, null, now, 1, status, default, UsageBasis.Failed, UsageFlags.None);
        Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(new Command.Charge(new(usage, null, Amount.Zero, Amount.Zero), Fact: true)));
    }

    private static JsonElement[] Surfaces(CliRun run) => [.. run.Json.GetProperty("orgs")[0].GetProperty("surfaces").EnumerateArray()];

    private static JsonElement Window(CliRun run, string budget) =>
        run.Json.GetProperty("windows").EnumerateArray().Single(window => Text(window, "budget") == budget);

    private static string? Text(JsonElement json, string member) => json.TryGetProperty(member, out var value) ? value.GetString() : null;
}
