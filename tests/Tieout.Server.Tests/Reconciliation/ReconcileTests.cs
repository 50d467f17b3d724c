using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary><c>reconcile</c>, <c>findings</c>, <c>correct</c> and <c>unfreeze</c>, through the API and the command line.</summary>
public sealed class ReconcileTests
{
    [Fact]
    public async Task A_clean_book_ends_with_0_and_a_run_writes_nothing()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync(null);
        var before = world.Ledger.Read.AsOf;

        var run = await world.RunAsync("reconcile", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal((0, before, 0),
            (run.Json.GetProperty("findings").GetArrayLength(), run.Json.GetProperty("as_of").GetInt64(), run.Json.GetProperty("opened").GetInt32()));
        Assert.True(run.Json.GetProperty("checked").GetInt64() > 0);
        Assert.Equal(before, world.Ledger.Read.AsOf);
        Assert.Contains("Everything ties out", (await world.RunAsync("reconcile")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_ledger_opened_itself_is_the_same_finding_and_is_not_opened_again()
    {
        await using var world = await ApiWorld.StartAsync();
        var usage = await world.ChargeAsync("5000");

        var run = await world.RunAsync("reconcile", "--org", "acme", "--json");
        var overrun = run.Json.GetProperty("findings").EnumerateArray().Single(finding => Text(finding, "code") == "overrun");
        var again = await world.RunAsync("reconcile", "--json");

        Assert.Equal((1, Finding.IdOf(FindingCode.Overrun, "acme", $"usage/{usage.Id}")), (run.ExitCode, Text(overrun, "id")));
        Assert.Equal(0, again.Json.GetProperty("opened").GetInt32());
        Assert.Single((await world.GetAsync("/findings?code=overrun")).GetProperty("items").EnumerateArray());

        // A person lets it stand, with a reason, and then it is no finding any more.
        Assert.Equal(2, (await world.RunAsync("correct", Text(overrun, "id"), "--accept")).ExitCode);
        Assert.Equal(0, (await world.RunAsync("correct", Text(overrun, "id"), "--accept", "--reason", "they really spent it")).ExitCode);
        Assert.DoesNotContain("overrun", (await world.RunAsync("reconcile", "--json")).Out, StringComparison.Ordinal);
        Assert.Equal("accepted", Text((await world.GetAsync("/findings?code=overrun")).GetProperty("items")[0], "state"));
        Assert.Empty((await world.GetAsync("/findings?code=overrun&open=true")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Findings_are_listed_page_by_page_by_org_and_code()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"beta","asset":"USD","billing":"prepaid"}""");
        foreach (var org in (string[])["acme", "beta", "acme", "beta"]) await world.ChargeAsync("5000", org);

        Assert.Equal(["beta", "acme", "beta", "acme"], await PagesAsync("/findings?code=overrun&limit=1", "org"));
        Assert.Equal(["beta", "acme", "beta", "acme"], await PagesAsync("/findings?code=overrun&open=true&limit=3", "org"));
        Assert.Equal(["overrun", "overrun"], await PagesAsync("/orgs/beta/findings?limit=1", "code"));
        Assert.Empty(await PagesAsync("/findings?code=mispriced", "code"));
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Get, "/findings?cursor=7"), HttpStatusCode.BadRequest));

        async Task<List<string>> PagesAsync(string path, string member)
        {
            List<string> found = [];
            for (var cursor = ""; ;)
            {
                var page = await world.GetAsync(path + cursor);
                found.AddRange(page.GetProperty("items").EnumerateArray().Select(finding => Text(finding, member)));
                if (!page.TryGetProperty("next_cursor", out var next) || next.ValueKind is not JsonValueKind.String) return found;
                cursor = "&cursor=" + next.GetString();
            }
        }
    }

    [Fact]
    public async Task A_finding_that_the_ledger_refuses_to_record_is_counted_by_the_run_that_records_it()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("5");
        world.Ledger.Refused = command => command is Command.AddRecord { Kind: RecordKind.Finding };
        Assert.Equal((1, 0, 0), await CountsAsync());
        world.Ledger.Refused = null;
        Assert.Equal((1, 1, 0), await CountsAsync());

        // The same for the end of a finding, whose charge a person takes back without the finding.
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", """{"id":"hand-1","posting":2,"new_amount":"0","reason":"goodwill"}""");
        world.Ledger.Refused = command => command is Command.AddRecord { Kind: RecordKind.Finding };
        Assert.Equal((0, 0, 0), await CountsAsync());
        world.Ledger.Refused = null;
        Assert.Equal((0, 0, 1), await CountsAsync());

        async Task<(int Found, int Opened, int Ended)> CountsAsync()
        {
            var run = await world.OkAsync(HttpMethod.Post, "/reconciliations", "{}");
            return (run.GetProperty("findings").GetArrayLength(), run.GetProperty("opened").GetInt32(), run.GetProperty("ended").GetInt32());
        }
    }

    [Fact]
    public async Task R1_above_the_limit_a_correction_waits_for_another_person_and_then_brings_the_difference_to_zero()
    {
        await using var world = await ApiWorld.StartAsync(options =>
            options with { Approvals = new() { Limits = ImmutableDictionary<string, Amount>.Empty.Add("USD", Amount.Parse("1")) } }, topUpByHand: false);
        await world.ChargeAsync("5");
        var finance = Text(await world.OkAsync(HttpMethod.Post, "/tokens", """{"role":"finance","name":"fin"}"""), "token");
        var finding = Assert.Single((await world.RunAsync("reconcile", "--json")).Json.GetProperty("findings").EnumerateArray());
        var (id, right) = (Text(finding, "id"), Text(finding, "right"));
        Assert.Equal(("mispriced", "5"), (Text(finding, "code"), Text(finding, "left")));

        Assert.Contains("Would do: reverse posting", (await world.RunAsync("correct", id, "--dry-run")).Out, StringComparison.Ordinal);
        var waits = await world.RunAsync("correct", id);
        Assert.Equal((1, true), (waits.ExitCode, waits.Error.Contains("[proposed]", StringComparison.Ordinal)));
        var proposal = Assert.Single((await world.GetAsync("/proposals")).GetProperty("items").EnumerateArray());
        using (var own =
            await world.SendAsync(HttpMethod.Post, $"/orgs/acme/proposals/{Text(proposal, "id")}/approve", $$"""{"hash":"{{Text(proposal, "hash")}}"}"""))
        {
            Assert.Equal("proposal_own", await ApiWorld.CodeAsync(own, HttpStatusCode.Forbidden));
        }

        await world.OkAsync(HttpMethod.Post, $"/orgs/acme/proposals/{Text(proposal, "id")}/approve", $$"""{"hash":"{{Text(proposal, "hash")}}"}""", finance);
        Assert.Equal("corrected", Text((await world.GetAsync("/findings?code=mispriced")).GetProperty("items")[0], "state"));
        Assert.Equal(0, (await world.RunAsync("reconcile")).ExitCode);
        Assert.Equal("corrected", Text((await world.GetAsync("/findings?code=mispriced")).GetProperty("items")[0], "state"));
        var costs = await world.GetAsync("/costs/today");
        Assert.Equal((right, right, "0"), (Text(costs, "ledger_daily_total"), Text(costs, "counter_daily_total"), costs.GetProperty("drift_pct").GetRawText()));

        // The reason of both postings names the finding and the correlation id of what they correct.
        var postings = new List<Posting>();
        await foreach (var posting in world.Ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, TestContext.Current.CancellationToken))
        {
            postings.Add(posting);
        }

        Assert.Equal(
            [$"{id} correlation corr-1", $"{id} correlation corr-1"], postings.Where(posting => posting.Reason is not null).Select(posting => posting.Reason));
        Assert.Equal(
            "finding_not_found", await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Post, $"/findings/{id}/correct", "{}"), HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task Findings_in_several_instances_freeze_corrections_by_hand_until_they_are_understood()
    {
        await using var world = await ApiWorld.StartAsync();
        foreach (var app in (string[])["app-x", "app-y"]) await ChargeOfAsync(world, app);
        var findings = (await world.RunAsync("reconcile", "--json")).Json.GetProperty("findings").EnumerateArray().ToList();
        Assert.Equal(["unattributed", "unattributed"], findings.Select(finding => Text(finding, "code")));

        const string byHand = """{"id":"hand-1","posting":2,"new_amount":"0","reason":"goodwill"}""";
        Assert.Equal(
            "adjustments_frozen", await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Post, "/orgs/acme/corrections", byHand), HttpStatusCode.Conflict));
        Assert.Equal("adjustments_frozen",
            await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"second","amount":"1"}"""), HttpStatusCode.Conflict));
        Assert.Equal(2, (await world.RunAsync("unfreeze", "acme", "--reason", "too early")).ExitCode);

        foreach (var finding in findings)
        {
            Assert.Equal(0, (await world.RunAsync("correct", Text(finding, "id"), "--accept", "--reason", "an instance of before our time")).ExitCode);
        }

        Assert.True((await world.GetAsync("/orgs/acme/adjustments")).GetProperty("frozen").GetBoolean());
        Assert.Equal(0, (await world.RunAsync("unfreeze", "acme", "--reason", "registered by hand before")).ExitCode);
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", byHand);
    }

    [Fact]
    public async Task A_filter_narrows_what_is_answered_and_not_what_is_kept()
    {
        await using var world = await ApiWorld.StartAsync();
        foreach (var app in (string[])["app-x", "app-y"]) await ChargeOfAsync(world, app);

        var run = await world.OkAsync(HttpMethod.Post, "/reconciliations", """{"org":"acme","app_instance":"app-x"}""");

        Assert.Equal("app-x", Text(Assert.Single(run.GetProperty("findings").EnumerateArray()).GetProperty("scope"), "app_instance"));
        Assert.Equal(2, (await world.GetAsync("/findings?open=true&code=unattributed")).GetProperty("items").GetArrayLength());
        Assert.Equal(
            "parameter_invalid", await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Post, "/reconciliations?full=1", "{}"), HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task S1_what_waits_in_the_spool_is_a_finding_until_it_is_in_the_book()
    {
        await using var envelopes = await EnvelopeWorld.StartAsync();
        envelopes.World.Ledger.Broken = command => command is Command.Settle;
        using (var answer = await envelopes.ChatAsync(Gateway.World.Secret)) Assert.True(answer.IsSuccessStatusCode);

        var backlog = Assert.Single((await envelopes.ApiAsync("/reconciliations", "{}")).Body.GetProperty("findings").EnumerateArray());
        Assert.Equal(("spool_backlog", "0.0010175"), (Text(backlog, "code"), Text(backlog, "right")));

        envelopes.World.Ledger.Broken = null;
        await Gateway.World.SoonAsync(
            async () => (await envelopes.ApiAsync("/reconciliations", """{"full":true}""")).Body.GetProperty("findings").GetArrayLength() == 0,
            "the backlog is charged");
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private static async Task ChargeOfAsync(ApiWorld world, string app)
    {
        var labels = new UsageLabels
        {
            Org = "acme",
            Provider = "gpus",
            Model = "h100",
            Source = UsageSource.AppRuntime,
            Runtime = new(
            app, "worker", false, null, null, null)
        };
        var usage = new UsageRecord(
            new(Guid.CreateVersion7()), labels, $"{app}/day", 1, null, null, null, null, Instant.From(DateTimeOffset.UtcNow), 1_000, 200, default,
            UsageBasis.Imported, UsageFlags.None);
        Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(new Command.Charge(new(usage, null, new(5), new(5)), Fact: true)));
    }
}
