using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Outbox;
using Tieout.Server.Tracing;

namespace Tieout.Server.Tests.Tracing;

/// <summary>From an id to all that came of it.</summary>
public sealed class TraceTests
{
    [Fact]
    public async Task A_trace_has_every_step_in_order_of_time_with_its_commit_and_hash()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Put, "/orgs/acme/budgets", """{"window":"day","limit":"10","hard":true}""");
        var usage = await SettleAsync(world, "op-7", "corr-7", "6");
        var posting =
            (await world.GetAsync("/trace/corr-7")).GetProperty("steps").EnumerateArray().Single(step => Kind(step) == "posting").GetProperty("id").GetString();
        await world.OkAsync(
            HttpMethod.Post, "/orgs/acme/corrections", $$"""{"id":"fix-1","posting":{{posting}},"new_amount":"4","reason":"finding mispriced:1"}""");

        foreach (var (id, foundAs) in new[] { ("corr-7", "correlation_id"), ("op-7", "operation_id"), (usage.Id.ToString(), "usage_id") })
        {
            var trace = await world.GetAsync($"/orgs/acme/trace/{id}");
            Assert.Equal(foundAs, trace.GetProperty("found_as").GetString());
            Assert.Equal("4", trace.GetProperty("charge").GetString());
            Assert.True(trace.GetProperty("settled").GetBoolean());
            var steps = trace.GetProperty("steps").EnumerateArray().ToArray();
            Assert.Equal(["request", "hold", "hold_end", "usage", "posting"], steps.Take(5).Select(Kind));
            Assert.Equal(["8", "-8", "6", "6"], steps.Skip(1).Take(4).Select(Amount));

            // The charge moved the org's own meter and its budget; so did what corrected it.
            Assert.Equal(["6", "-6", "4"], steps.Where(step => Kind(step) == "window" && Text(step, "id") == "acme/day").Select(Amount));
            Assert.Equal(["6", "-6", "4"], steps.Where(step => Kind(step) == "posting").Select(Amount));
            Assert.Contains(steps, step => Kind(step) == "posting" && What(step).Contains("finding mispriced:1", StringComparison.Ordinal));
            Assert.Contains(steps, step => Kind(step) == "message" && What(step).Contains("\"percent\":50", StringComparison.Ordinal));
            Assert.Contains(steps, step => Kind(step) == "invoice_line" && What(step).Contains("is open", StringComparison.Ordinal));
            Assert.Equal(steps.Select(step => step.GetProperty("at").GetString()).Order(StringComparer.Ordinal),
                steps.Select(step => step.GetProperty("at").GetString()));
            Assert.All(steps.Where(step => Kind(step) is "hold" or "usage" or "posting" or "message"),
                step => Assert.Equal(64, step.GetProperty("hash").GetString()!.Length));
        }
    }

    [Fact]
    public async Task A_start_traces_something_so_that_the_first_who_asks_does_not_wait()
    {
        await using var world = await ApiWorld.StartAsync();
        await SettleAsync(world, "op-1", "corr-1", "1");
        using var warm = ActivatorUtilities.CreateInstance<TraceWarmUp>(world.Server.Services);
        await warm.StartAsync(TestContext.Current.CancellationToken);
        await warm.ExecuteTask!;
        Assert.True(await warm.Traced!);
    }

    [Fact]
    public async Task A_correlation_id_made_here_is_found_without_an_index_and_any_other_through_it()
    {
        await using var world = await ApiWorld.StartAsync();
        var made = Guid.CreateVersion7().ToString();
        await SettleAsync(world, "op-now", made, "1");
        await SettleAsync(world, "op-other", "a-name-of-theirs", "1");
        var early = Guid.CreateVersion7(DateTimeOffset.UtcNow.AddHours(-2)).ToString();
        await SettleAsync(world, "op-later", early, "1");
        await SettleAsync(world, "op-again", made, "1");
        Assert.Equal(["op-now", "op-again"], Operations(await world.GetAsync($"/trace/{made}")));
        Assert.Equal(["op-other"], Operations(await world.GetAsync("/trace/a-name-of-theirs")));
        Assert.Equal(["op-later"], Operations(await world.GetAsync($"/trace/{early}")));
    }

    [Fact]
    public async Task A_message_that_went_to_an_endpoint_is_followed_by_its_delivery()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var world = await ApiWorld.StartAsync(options => options with
        {
            EnvelopeSecret = new("thirty-two bytes of a test secret"u8),
            Webhooks = new() { AllowHttp = true, AllowPrivate = true },
        });
        await world.OkAsync(HttpMethod.Post, "/webhooks", $$"""{"url":"{{receiver.Url}}"}""");
        await world.OkAsync(HttpMethod.Put, "/orgs/acme/budgets", """{"window":"day","limit":"10","hard":true}""");
        await SettleAsync(world, "op-7", "corr-7", "6");
        await receiver.WaitForAsync(1);
        var steps = Array.Empty<JsonElement>();
        for (var looks = 0; looks < 100
            && !steps.Any(step => Kind(step) == "delivery" && What(step).Contains("answered 204", StringComparison.Ordinal)); looks++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
            steps = [.. (await world.GetAsync("/trace/corr-7")).GetProperty("steps").EnumerateArray()];
        }

        var delivery = Assert.Single(steps, step => Kind(step) == "delivery");
        Assert.Contains("delivered after 1 attempt, answered 204", What(delivery), StringComparison.Ordinal);
        Assert.True(Array.IndexOf(steps, delivery) > Array.FindIndex(steps, step => Kind(step) == "message"));
    }

    [Fact]
    public async Task A_hold_in_flight_is_found_by_its_operation_and_says_so()
    {
        await using var world = await ApiWorld.StartAsync();
        var id = new AttemptId(Guid.CreateVersion7());
        await world.Ledger.SubmitAsync(
            new Command.PlaceHold(id, Labels("acme"), "u", "op-open", Money("3"), TimeSpan.FromMinutes(5)), TestContext.Current.CancellationToken);
        var trace = await world.GetAsync("/trace/op-open");
        Assert.False(trace.GetProperty("settled").GetBoolean());
        Assert.Equal(["request", "hold"], trace.GetProperty("steps").EnumerateArray().Select(Kind));
        var run = await world.RunAsync("trace", "op-open");
        Assert.Contains("still in flight", run.Out, StringComparison.Ordinal);
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public async Task A_key_sees_its_own_org_and_another_orgs_id_is_not_there()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"postpaid"}""");
        var (_, theirs) = await world.KeyAsync("other");
        var (_, own) = await world.KeyAsync();
        await SettleAsync(world, "op-secret", "corr-secret", "1");
        foreach (var id in new[] { "op-secret", "corr-secret" })
        {
            Assert.Equal("acme", (await world.GetAsync($"/trace/{id}", own)).GetProperty("org").GetString());
            Assert.Equal(
                "trace_not_found", await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Get, $"/trace/{id}", token: theirs), HttpStatusCode.NotFound));
            Assert.Equal("org_not_found",
                await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Get, $"/orgs/acme/trace/{id}", token: theirs), HttpStatusCode.NotFound));
            Assert.Equal(
                "trace_not_found", await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Get, $"/orgs/other/trace/{id}"), HttpStatusCode.NotFound));
        }
    }

    internal static async Task<UsageRecord> SettleAsync(ApiWorld world, string operation, string correlation, string charge, string org = "acme")
    {
        var id = new AttemptId(Guid.CreateVersion7());
        await world.Ledger.SubmitAsync(new Command.PlaceHold(id, Labels(org), "u", operation, Money("8"), TimeSpan.FromMinutes(5)));
        var usage = new UsageRecord(
            id, Labels(org), operation, 1, null, correlation, "0af7651916cd43dd8448eb211c80319c", "u", Now(), 12, 200, new(100, 0, 0, 20, 0),
            UsageBasis.Reported, UsageFlags.None);
        var price = Core.Pricing.BuiltinPrices.Catalogue.Find("openai", "gpt-4o", usage.OccurredAt)!;
        Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(new Command.Settle(new(usage, price, Money(charge), Money(charge)))));
        return usage;
    }

    private static UsageLabels Labels(string org) => new() { Org = org, Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway };

    private static Amount Money(string text) => Core.Money.Amount.Parse(text);

    private static Instant Now() => Instant.From(DateTimeOffset.UtcNow);

    private static string Kind(JsonElement step) => step.GetProperty("kind").GetString()!;

    private static string What(JsonElement step) => step.GetProperty("what").GetString()!;

    private static string? Text(JsonElement step, string member) => step.GetProperty(member).GetString();

    private static string? Amount(JsonElement step) => step.GetProperty("amount").GetString();

    private static string[] Operations(JsonElement trace) => [.. trace.GetProperty("operation_ids").EnumerateArray().Select(id => id.GetString()!)];
}
