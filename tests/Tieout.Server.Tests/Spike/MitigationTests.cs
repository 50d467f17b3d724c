using System.Net;
using System.Text.Json;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Spike;

/// <summary>Mitigations at a whole gateway: what each kind does to requests of its scope, and to no others.</summary>
public sealed class MitigationTests
{
    private static readonly string[] Undo = ["Tieout-Feature: editor", "Tieout-Trigger: undo", "Tieout-User: ann"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task G2_undo_is_limited_for_each_user_at_once_told_and_over_when_it_is_removed()
    {
        await using var world = await MitigationWorld.StartAsync();
        var set = await world.SetAsync("undo", "rate_limit", """{"trigger":"undo","user":"*"}""", """{"requests":3,"period_seconds":60}""");
        Assert.Equal(("in_force", 1, "admin"), (Text(set, "state"), set.GetProperty("version").GetInt32(), Text(set, "set_by")));
        for (var i = 0; i < 3; i++) Assert.Equal("200", await world.ChatAsync(Undo));

        using (var refused = await world.World.ChatAsync(World.Hello, Undo))
        {
            Assert.Equal("429 mitigation_limited", await MitigationWorld.EndAsync(refused));
            Assert.Equal(("false", "undo"), (MitigationWorld.Header(refused, "x-should-retry"), MitigationWorld.Header(refused, "Tieout-Mitigated")));
            Assert.InRange(int.Parse(MitigationWorld.Header(refused, "Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 61);
        }

        // Others are not touched: another user, another trigger, another org.
        Assert.Equal("200", await world.ChatAsync("Tieout-Feature: editor", "Tieout-Trigger: undo", "Tieout-User: bob"));
        Assert.Equal("200", await world.ChatAsync("Tieout-Feature: editor", "Tieout-User: ann"));
        Assert.Equal("200", await world.ChatAsync([.. Undo, $"Authorization: Bearer {EnvelopeWorld.BetaSecret}"]));

        Assert.Equal("removed", Text(await world.RemoveAsync("undo"), "state"));
        Assert.Equal("200", await world.ChatAsync(Undo));
        var told = await world.World.Read.OutboxAsync(World.Org, 0, 1_000, Stop);
        Assert.Equal(["mitigation.set", "mitigation.removed"], told.Where(message => message.Type.StartsWith("mitigation.", StringComparison.Ordinal)).Select(message => message.Type));

        // What was refused was neither sent nor charged.
        Assert.Equal(6, (await world.World.RecordedAsync(6)).Count);
        Assert.Equal(7, world.World.Bill.Totals().Calls);
    }

    [Fact]
    public async Task G2_a_feature_that_is_off_is_on_again_when_the_time_is_over()
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("off", "off", """{"feature":"editor"}""", "{}");
        using (var refused = await world.World.ChatAsync(World.Hello, "Tieout-Feature: editor"))
        {
            Assert.Equal("403 mitigation_off", await MitigationWorld.EndAsync(refused));
            Assert.True(int.Parse(MitigationWorld.Header(refused, "Retry-After")!, System.Globalization.CultureInfo.InvariantCulture) > 3_000);
        }

        Assert.Equal("200", await world.ChatAsync("Tieout-Feature: chat"));
        world.Clock.Ahead += TimeSpan.FromSeconds(3_601);
        Assert.Equal("200", await world.ChatAsync("Tieout-Feature: editor"));
        await world.Expiry.EndDueAsync(Stop);
        await world.Expiry.EndDueAsync(Stop);
        var item = Assert.Single((await world.CallAsync(HttpMethod.Get, "/orgs/acme/mitigations")).GetProperty("items").EnumerateArray());
        Assert.Equal(("expired", "expiry"), (Text(item, "state"), Text(item, "ended_by")));
        Assert.Single(await world.World.Read.OutboxAsync(World.Org, 0, 1_000, Stop), message => message.Type == "mitigation.expired");
    }

    [Fact]
    public async Task Answers_are_capped_and_a_limit_that_is_lower_stays()
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("short", "output_cap", """{"feature":"editor"}""", """{"output_tokens":20}""");
        using (var capped = await world.World.ChatAsync(World.Hello, "Tieout-Feature: editor"))
        {
            Assert.Equal(("200", "20", "short"), (await MitigationWorld.EndAsync(capped), MitigationWorld.Header(capped, "Tieout-Clamped"), MitigationWorld.Header(capped, "Tieout-Mitigated")));
        }

        var own = World.Hello.Replace("100", "17", StringComparison.Ordinal);
        using (var lower = await world.World.ChatAsync(own, "Tieout-Feature: editor")) Assert.Null(MitigationWorld.Header(lower, "Tieout-Clamped"));
        var unlimited = World.Hello.Replace(",\"max_tokens\":100", "", StringComparison.Ordinal);
        using (var none = await world.World.ChatAsync(unlimited, "Tieout-Feature: editor", "X-Sim-Completion-Tokens: 90"))
        {
            Assert.Equal("20", MitigationWorld.Header(none, "Tieout-Clamped"));
        }

        Assert.Equal("200", await world.ChatAsync("Tieout-Feature: chat"));
        Assert.Equal([20L, 17, 20, 100], (await world.World.RecordedAsync(4)).Select(row => row.Usage.Counts.OutputTokens));
    }

    [Fact]
    public async Task A_map_of_models_serves_prices_and_records_the_other_model()
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("down", "model_map", """{"feature":"editor"}""", """{"models":{"gpt-4o":"cheap"}}""");
        using (var answer = await world.World.ChatAsync(World.Hello, "Tieout-Feature: editor"))
        {
            Assert.Equal(("200", "gpt-4o", "down"), (await MitigationWorld.EndAsync(answer), MitigationWorld.Header(answer, "Tieout-Requested-Model"), MitigationWorld.Header(answer, "Tieout-Mitigated")));
        }

        Assert.Equal("200", await world.ChatAsync("Tieout-Feature: chat"));
        var rows = await world.World.RecordedAsync(2);
        Assert.Equal(["gpt-4o-mini", "gpt-4o"], rows.Select(row => row.Usage.Labels.Model));
        Assert.Equal([UsageFlags.ModelReplaced, UsageFlags.None], rows.Select(row => row.Usage.Flags));
        Assert.True(rows[0].Charge < rows[1].Charge);
        Assert.Equal(400, (await world.TryAsync(HttpMethod.Put, "/orgs/acme/mitigations/none",
            """{"kind":"model_map","rule":{"models":{"gpt-4o":"no-such"}},"owner":"ann","reason":"r","expires_in_seconds":60}""")).Status);
    }

    [Fact]
    public async Task G2_a_cost_cap_lets_no_hour_cost_more_and_is_lifted_with_the_mitigation()
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("cap", "cost_cap", """{"feature":"editor"}""", """{"limit":"0.0030"}""");
        var ends = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => world.ChatAsync("Tieout-Feature: editor")));
        Assert.Contains("200", ends);
        Assert.Equal(["200", "402 mitigation_cost_cap"], ends.Distinct().Order(StringComparer.Ordinal));
        var rows = await world.World.RecordedAsync(ends.Count(end => end == "200"));

        // A test that runs over the hour has two windows.
        Assert.All(
            rows.GroupBy(row => row.EffectiveAt.UnixMicros / Core.Instant.MicrosPerHour),
            hour => Assert.True(hour.Sum(row => row.Charge) <= Amount.Parse("0.0030")));
        Assert.Equal("200", await world.ChatAsync("Tieout-Feature: chat"));
        await world.RemoveAsync("cap");
        Assert.Equal("200", await world.ChatAsync("Tieout-Feature: editor"));

        await world.CallAsync(HttpMethod.Put, "/orgs/acme/budgets", """{"window":"hour","limit":"5","hard":true}""");
        Assert.Equal("mitigation_invalid", Text((await world.TryAsync(HttpMethod.Put, "/orgs/acme/mitigations/whole",
            """{"kind":"cost_cap","rule":{"limit":"1"},"owner":"ann","reason":"r","expires_in_seconds":60}""")).Body, "code"));
    }

    [Fact]
    public async Task Clients_that_retry_have_a_budget_of_the_first_work()
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("retries", "retry_budget", """{"feature":"editor"}""", """{"percent":50,"floor":1}""");
        string[] first = ["Tieout-Feature: editor"], retry = [.. first, "x-stainless-retry-count: 1"];
        Assert.Equal("200", await world.ChatAsync(retry));
        Assert.Equal("429 mitigation_retries", await world.ChatAsync(retry));
        for (var i = 0; i < 4; i++) Assert.Equal("200", await world.ChatAsync(first));
        Assert.Equal("200", await world.ChatAsync(retry));
        Assert.Equal("429 mitigation_retries", await world.ChatAsync(retry));
        Assert.Equal("200", await world.ChatAsync("x-stainless-retry-count: 1"));
    }

    // The first goes at once. Of two that wait, the one that came first is replaced; which that is, the network decides.
    [Fact]
    public async Task The_newest_auto_save_replaces_the_one_that_waits()
    {
        await using var world = await MitigationWorld.StartAsync();
        await world.SetAsync("saves", "coalesce", """{"trigger":"auto_save"}""", """{"wait_seconds":60}""");
        string[] save = ["Tieout-Trigger: auto_save", "Tieout-User: ann", "Tieout-Workflow: doc-1"];
        Assert.Equal("200", await world.ChatAsync(save));
        Assert.Equal("200", await world.ChatAsync("Tieout-Trigger: auto_save", "Tieout-User: ann", "Tieout-Workflow: doc-2"));
        Task<HttpResponseMessage> one = world.World.ChatAsync(World.Hello, save), other = world.World.ChatAsync(World.Hello, save);
        using var replaced = await await Task.WhenAny(one, other);
        Assert.Equal("409 mitigation_superseded", await MitigationWorld.EndAsync(replaced));
        Assert.Equal("false", MitigationWorld.Header(replaced, "x-should-retry"));
        Assert.False(one.IsCompleted && other.IsCompleted);
        world.World.Http.CancelPendingRequests();
    }

    [Fact]
    public async Task G2_a_mitigation_has_an_owner_a_reason_and_an_expiry()
    {
        await using var world = await MitigationWorld.StartAsync();
        const string fine = """{"kind":"off","scope":{"feature":"editor"},"owner":"ann","reason":"r","expires_in_seconds":60}""";
        foreach (var (from, to) in ((string, string)[])
        [
            ("\"owner\":\"ann\",", ""), ("\"ann\"", "\"\""), ("\"reason\":\"r\",", ""), ("\"r\"", "\" \""), (",\"expires_in_seconds\":60", ""), (":60", ":59"),
            (":60", ":2592001"), ("\"off\"", "\"shorten\""), ("\"off\"", "7"), ("\"editor\"", "\"a 'quoted' name\""), ("\"feature\"", "\"fature\""),
        ])
        {
            var (status, body) = await world.TryAsync(HttpMethod.Put, "/orgs/acme/mitigations/m", fine.Replace(from, to, StringComparison.Ordinal));
            Assert.True(status == 400, $"{from} → {to}: {status} {body}");
        }

        Assert.Equal(404, (await world.TryAsync(HttpMethod.Delete, "/orgs/acme/mitigations/m")).Status);
        Assert.Equal(1, (await world.CallAsync(HttpMethod.Put, "/orgs/acme/mitigations/m", fine)).GetProperty("version").GetInt32());
        Assert.Equal(2, (await world.CallAsync(HttpMethod.Put, "/orgs/acme/mitigations/m", fine)).GetProperty("version").GetInt32());
        Assert.Equal((int)HttpStatusCode.OK, (await world.TryAsync(HttpMethod.Get, "/orgs/acme/mitigations/m")).Status);
    }

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
