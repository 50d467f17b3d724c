using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Guard;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage;
using Tieout.Tests;

namespace Tieout.Server.Tests.Guard;

/// <summary>The guard over HTTP: who may run what, and what is on record afterwards.</summary>
public sealed class GuardApiTests
{
    private const string Volumes =
        """{"name":"volumes","actions":"volume.*","irreversible":true,"mode":"enforce","reason":"A deleted volume is gone."}""";

    [Fact]
    public async Task G1_a_forged_replayed_expired_or_rebound_envelope_deletes_nothing()
    {
        var clock = new AheadClock();
        await using var world = await EnvelopeWorld.StartAsync(clock);
        await SetAsync(world, Volumes.Replace("\"reason\"", "\"single_use\":true,\"reason\"", StringComparison.Ordinal));
        var own = await world.IssueAsync();
        var second = await world.IssueAsync("""{"operation_id":"op-2"}""");
        var short_ = await world.IssueAsync("""{"operation_id":"op-3","expires_in_seconds":60}""");
        var beta = await world.IssueAsync("{}", EnvelopeWorld.BetaSecret);

        var table = new (string What, string Token, string? Envelope, string Owner, string Answer)[]
        {
            ("bound", World.Secret, own, "acme", "allow bound"),
            ("replayed", World.Secret, own, "acme", "block already_used"),
            ("a worker for the owner, another operation", EnvelopeWorld.WorkerSecret, second, "acme", "allow bound"),
            ("no envelope", World.Secret, null, "acme", "block envelope_missing"),
            ("rewritten", World.Secret, EnvelopeWorld.Rewritten(beta, "beta", "acme"), "acme", "block envelope_refused"),
            ("rubbish", World.Secret, "rubbish", "acme", "block envelope_refused"),
            ("another tenant's", EnvelopeWorld.BetaSecret, second, "acme", "block caller_foreign"),
            ("rebound to another owner", EnvelopeWorld.BetaSecret, second, "beta", "block owner_other"),
            ("an owner that is not", World.Secret, second, "nobody", "block owner_other"),
        };
        foreach (var row in table) Assert.Equal((row.What, row.Answer), (row.What, await DecideAsync(world, row.Token, row.Envelope, row.Owner)));

        Assert.Equal("allow bound", await DecideAsync(world, World.Secret, short_, "acme", "vol-9"));
        clock.Ahead += (TimeSpan.FromHours(3));
        Assert.Equal("block envelope_expired", await DecideAsync(world, World.Secret, short_, "acme", "vol-10"));

        // Every decision is on record, in the book of the owner where the caller may act for it; nothing of an unverified envelope is.
        var records = await DecisionsAsync(world, "acme");
        Assert.Equal(9, records.Count);
        Assert.All(records, record => Assert.DoesNotContain(own, record, StringComparison.Ordinal));
        Assert.Equal(2, (await DecisionsAsync(world, "beta")).Count);
    }

    [Fact]
    public async Task A_policy_in_shadow_mode_is_promoted_when_its_hits_were_seen()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var shadow = Volumes.Replace("enforce", "shadow", StringComparison.Ordinal);
        await SetAsync(world, shadow);
        var own = await world.IssueAsync();
        Assert.Equal("allow bound", await DecideAsync(world, World.Secret, own, "acme"));
        Assert.Equal("shadow_hit envelope_missing", await DecideAsync(world, World.Secret, null, "acme"));
        Assert.Equal("shadow_hit owner_other", await DecideAsync(world, EnvelopeWorld.BetaSecret, own, "beta"));

        var (_, hits) = await world.ApiAsync("/guard/hits?policy=volumes", null);
        var day = Assert.Single(hits.GetProperty("items").EnumerateArray());
        Assert.Equal((3, 1, 2, 0, "0.6667"), (Figure(day, "asked"), Figure(day, "allowed"), Figure(day, "shadow_hits"), Figure(day, "blocked"),
            day.GetProperty("hit_rate").GetRawText()));
        Assert.Equal(["owner_other", "envelope_missing"], hits.GetProperty("samples").EnumerateArray().Select(sample => Text(sample, "reason")));

        Assert.Equal(409, (await world.ApiAsync("/guard/policies/volumes/promote", """{"version":7,"reason":"seen"}""")).Status);
        Assert.Equal(200, (await world.ApiAsync("/guard/policies/volumes/promote", """{"version":1,"reason":"seen"}""")).Status);
        Assert.Equal("block envelope_missing", await DecideAsync(world, World.Secret, null, "acme"));

        var (_, versions) = await world.ApiAsync("/guard/policies/volumes/versions", null);
        Assert.Equal(["shadow", "enforce"], versions.GetProperty("items").EnumerateArray().Select(version => Text(version, "mode")));
        Assert.Equal(200, (await world.ApiAsync("/guard/policies", shadow)).Status);
    }

    // Goal: hits cost as much as the hours of their range, and say the same as the decisions one by one. Method: an hour is added up, and a decision comes
    // after it.
    [Fact]
    public async Task Q3_hits_of_hours_that_are_over_are_added_up_once()
    {
        var clock = new AheadClock();
        await using var world = await EnvelopeWorld.StartAsync(clock);
        await SetAsync(world, Volumes.Replace("enforce", "shadow", StringComparison.Ordinal));
        var own = await world.IssueAsync();
        await DecideAsync(world, World.Secret, own, "acme");
        await DecideAsync(world, World.Secret, null, "acme");
        await DecideAsync(world, EnvelopeWorld.BetaSecret, own, "beta");
        var before = await HitsAsync(world);

        clock.Ahead += TimeSpan.FromHours(3);
        var hours = world.World.Server.Services.GetRequiredService<GuardHours>();
        while (await hours.AddNextAsync(Instant.From(clock.GetUtcNow()), TestContext.Current.CancellationToken)) { }
        foreach (var (org, hits) in (IEnumerable<(string, int)>)[("acme", 1), ("beta", 1)])
        {
            var row = Assert.Single(await world.World.Read.AllRecordsAsync(RecordKind.GuardHour, org, TestContext.Current.CancellationToken)
                .ToListAsync(TestContext.Current.CancellationToken));
            Assert.Contains($"\"shadow_hits\":{hits}", row.Body, StringComparison.Ordinal);
        }

        Assert.Equal(before, await HitsAsync(world));
        Assert.Equal("3 asked, 2 hits, 2 samples", before);
        await DecideAsync(world, World.Secret, null, "acme");
        Assert.Equal("4 asked, 3 hits, 3 samples", await HitsAsync(world));

        static async Task<string> HitsAsync(EnvelopeWorld world)
        {
            var tomorrow = DateTime.UtcNow.AddDays(2).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
            var (_, hits) = await world.ApiAsync($"/guard/hits?policy=volumes&to={tomorrow}", null);
            var days = hits.GetProperty("items").EnumerateArray().ToList();
            return $"{days.Sum(day => Figure(day, "asked"))} asked, {days.Sum(day => Figure(day, "shadow_hits"))} hits, {hits.GetProperty("samples").GetArrayLength()} samples";
        }
    }

    [Fact]
    public async Task G1_an_override_is_in_force_at_once_told_listed_and_over_by_itself()
    {
        var clock = new AheadClock();
        await using var world = await EnvelopeWorld.StartAsync(clock);
        await SetAsync(world, Volumes);
        Assert.Equal("block envelope_missing", await DecideAsync(world, World.Secret, null, "acme"));

        var (status, opened) = await world.ApiAsync(
            "/guard/overrides", """{"actions":"volume.delete","reason":"disk full","expires_in_seconds":600,"org":"acme"}""");
        Assert.Equal((201, "in_force"), (status, Text(opened, "state")));
        Assert.Equal("allow overridden", await DecideAsync(world, World.Secret, null, "acme"));
        Assert.Equal("block envelope_missing", await DecideAsync(world, EnvelopeWorld.BetaSecret, null, "acme"));
        Assert.Contains(
            await world.World.Read.OutboxAsync("", 0, 1_000, TestContext.Current.CancellationToken), message => message.Type == "guard.override_opened");

        clock.Ahead += (TimeSpan.FromSeconds(601));
        Assert.Equal("block envelope_missing", await DecideAsync(world, World.Secret, null, "acme"));
        var (_, list) = await world.ApiAsync("/guard/overrides", null);
        Assert.Equal("expired", Text(Assert.Single(list.GetProperty("items").EnumerateArray()), "state"));
    }

    [Fact]
    public async Task G1_an_override_that_waits_for_another_person_lets_nothing_run_before()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        await SetAsync(world, Volumes);
        var (_, waiting) = await world.ApiAsync(
            "/guard/overrides", """{"actions":"volume.*","reason":"disk full","expires_in_seconds":600,"needs_approval":true}""");
        var address = $"/guard/overrides/{Text(waiting, "id")}";
        Assert.Equal("waiting", Text(waiting, "state"));
        Assert.Equal("block envelope_missing", await DecideAsync(world, World.Secret, null, "acme"));
        Assert.Equal("guard_override_state", Text((await world.ApiAsync(address + "/approve", "{}")).Body, "code"));

        var (_, token) = await world.ApiAsync("/tokens", """{"role":"operator","name":"john"}""");
        Assert.Equal("in_force", Text((await world.ApiAsync(address + "/approve", "{}", Text(token, "token")!)).Body, "state"));
        Assert.Equal("allow overridden", await DecideAsync(world, World.Secret, null, "acme"));
        Assert.Equal("ended", Text((await world.ApiAsync(address + "/end", "{}")).Body, "state"));
        Assert.Equal("block envelope_missing", await DecideAsync(world, World.Secret, null, "acme"));
    }

    [Fact]
    public async Task G1_an_action_of_our_own_that_cannot_be_undone_passes_the_guard()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var (_, key) = await world.ApiAsync("/orgs/acme/keys", "{}");
        var expire = $"/orgs/acme/keys/{Text(key, "id")}/expire";
        await SetAsync(world, Volumes.Replace("volume.*", "tieout.key.*", StringComparison.Ordinal));

        var (status, problem) = await world.ApiAsync(expire, "{}");
        Assert.Equal((403, "guard_blocked"), (status, Text(problem, "code")));
        Assert.Contains("no envelope came", Text(problem, "detail"), StringComparison.Ordinal);
        var audit = Assert.Single((await world.World.Read.AuditAsync(new(null, null, null, null, null, 1), TestContext.Current.CancellationToken)));
        Assert.Equal("refused:guard_blocked", audit.Row.Outcome);

        await world.ApiAsync("/guard/overrides", """{"actions":"tieout.key.expire","reason":"leaked","expires_in_seconds":600,"org":"acme"}""");
        Assert.Equal(200, (await world.ApiAsync(expire, "{}")).Status);
        Assert.Equal(2, (await DecisionsAsync(world, "acme")).Count);
    }

    [Fact]
    public async Task A_policy_that_cannot_be_is_refused_with_what_to_do()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        await SetAsync(world, Volumes);
        foreach (var (from, to, says) in ((string, string, string)[])
        [
            ("\"irreversible\":true", "\"irreversible\":false", "only irreversible ones can be enforced"),
            ("volume.*", "*", "would guard every action"),
            ("volume.*", "volume*", "A pattern is an action"),
            ("\"volumes\"", "\"others\"", "Another policy has the pattern"),
            ("\"volumes\"", "\"Vol/umes\"", "is not the name of a policy"),
        ])
        {
            var (status, problem) = await world.ApiAsync("/guard/policies", Volumes.Replace(from, to, StringComparison.Ordinal));
            Assert.Equal((400, "guard_policy_invalid"), (status, Text(problem, "code")));
            Assert.Contains(says, Text(problem, "detail"), StringComparison.Ordinal);
        }
    }

    private static async Task SetAsync(EnvelopeWorld world, string policy) => Assert.Equal(201, (await world.ApiAsync("/guard/policies", policy)).Status);

    private static async Task<string> DecideAsync(EnvelopeWorld world, string token, string? envelope, string owner, string resource = "vol-1")
    {
        var text = envelope is null ? "null" : $"\"{envelope}\"";
        var (status, body) = await world.ApiAsync(
            "/guard/decide",
            $$"""{"action":"volume.delete","resource":{"type":"volume","id":"{{resource}}","owner_org":"{{owner}}"},"envelope":{{text}}}""", token);
        Assert.True(status == 200, body.ToString());
        return $"{Text(body, "outcome")} {Text(body, "reason")}";
    }

    private static async Task<IReadOnlyList<string>> DecisionsAsync(EnvelopeWorld world, string org)
    {
        var bodies = new List<string>();
        await foreach (var row in world.World.Read.AllRecordsAsync(RecordKind.GuardDecision, org, "", TestContext.Current.CancellationToken))
        {
            bodies.Add(row.Body);
        }

        return bodies;
    }

    private static string? Text(JsonElement body, string member) => body.GetProperty(member).GetString();

    private static int Figure(JsonElement body, string member) => body.GetProperty(member).GetInt32();
}
