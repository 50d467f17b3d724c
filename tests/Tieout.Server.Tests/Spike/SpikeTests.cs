using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tools;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Pricing;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Spike;

/// <summary>The report of a spike against the ledger.</summary>
public sealed class SpikeTests
{
    private const string At = "2025-11-12T00:00:00Z";

    private static readonly Instant Begin = Instant.From(new(2025, 11, 3, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: the report names what happened, where and since when, and its parts are the change of what the ledger charged. Method: nine days of two orgs; in
    // the last 12 hours every request of one feature of one org has five times the input.
    [Fact]
    public async Task T1_a_template_that_grew_is_named_and_the_parts_add_up_to_what_the_ledger_charged()
    {
        await using var world = await FilledAsync((hour, org, feature) => hour >= 204 && org == "org-1" && feature == "chat" ? 5 : 1);
        var spike = await world.GetAsync($"/spike?asset=USD&at={At}");

        Assert.Equal(("sustained", "2025-11-11T12:00:00Z"), (Text(spike, "verdict"), Text(spike, "onset")));
        var cause = spike.GetProperty("causes").EnumerateArray().Single();
        Assert.Equal(("template_growth", "input_tokens"), (Text(cause, "cause"), Text(cause, "driver")));
        var place = cause.GetProperty("places")[0].GetProperty("labels");
        Assert.Equal(["org org-1", "feature chat"], place.EnumerateObject().Select(label => $"{label.Name} {label.Value}"));
        Assert.Contains("Every request has more input tokens: org org-1, feature chat.", Text(spike, "sentence"), StringComparison.Ordinal);

        var parts = spike.GetProperty("parts").EnumerateArray().ToList();
        Assert.Equal(9, parts.Count);
        Assert.Equal(Money(spike, "change"), Amount.Sum(parts.Select(part => Money(part, "effect"))));
        Assert.Equal(Money(spike, "change"), Money(spike, "actual") - Money(spike, "expected"));
        Assert.All(parts.Where(part => part.GetProperty("parts").GetArrayLength() > 0), part =>
            Assert.Equal(Money(part, "effect"), Amount.Sum(part.GetProperty("parts").EnumerateArray().Select(each => Money(each, "effect")))));
        var spent = await world.GetAsync("/spend?asset=USD&by=org&from=2025-11-11T12:00:00Z&to=2025-11-12T00:00:00Z");
        Assert.Equal(Money(spent.GetProperty("total"), "charge"), Money(spike, "actual"));
        Assert.Equal([1, 4], spike.GetProperty("steps").EnumerateArray().Where(step => Text(step, "verdict") == "finding").Select(
            step => step.GetProperty("no").GetInt32()).Except([5]));
        Assert.Equal("org-1", Text(spike.GetProperty("contributors")[0].GetProperty("labels"), "org"));

        // The same hours, asked again when the follower has counted them.
        while (!(await world.Ledger.Follower.StepAsync(Stop)).IsCurrent)
        {
        }

        Assert.Equal(Figures(spike), Figures(await world.GetAsync($"/spike?asset=USD&at={At}")));
    }

    [Fact]
    public async Task A_cost_as_usual_names_no_cause_and_the_command_ends_with_0()
    {
        await using var world = await FilledAsync((_, _, _) => 1);
        var calm = await world.RunAsync("spike", "--org", "org-1", "--at", At);
        Assert.Equal(0, calm.ExitCode);
        Assert.StartsWith("NONE  org-1, from 2025-11-10T00:00Z:", calm.Out, StringComparison.Ordinal);
        Assert.Contains("The cost is as usual.", calm.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_prints_the_cause_the_parts_and_the_steps_and_ends_with_1()
    {
        await using var world = await FilledAsync((hour, org, _) => hour >= 204 && org == "org-1" ? 5 : 1);
        var said = await world.RunAsync("spike", "--org", "org-1", "--at", At);

        Assert.Equal(1, said.ExitCode);
        Assert.StartsWith("SUSTAINED  org-1, from 2025-11-11T12:00Z to before 2025-11-12T00:00Z:", said.Out, StringComparison.Ordinal);
        Assert.Matches(@"\ninput tokens +\d+\.\d+\n", said.Out);
        Assert.Matches(@"\nchange +\d+\.\d+\n", said.Out);
        Assert.Contains("4  FINDING  Are requests or answers longer?", said.Out, StringComparison.Ordinal);
        Assert.Contains("6  PASS     Do tools fail?", said.Out, StringComparison.Ordinal);
        Assert.Contains("█", said.Out, StringComparison.Ordinal);

        var page = (await world.RunAsync("spike", "--org", "org-1", "--at", At, "--html")).Out;
        Assert.Contains("<title>2025-11-11T23:00:00Z: ", page, StringComparison.Ordinal);
        Assert.Equal(12, page.Split("class=\"after\"").Length - 1);
        Assert.Contains("<tr><td>input tokens<td class=\"n\">", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
    }

    // Goal: a rise that a fall hides is named. Method: one feature's requests have three times the input, those of another a fifth of it.
    [Fact]
    public async Task A_rise_that_a_fall_elsewhere_hides_is_named()
    {
        await using var world = await FilledAsync((hour, _, feature) => hour < 204 ? 5 : feature == "chat" ? 9 : 1);
        var spike = await world.GetAsync($"/orgs/org-1/spike?at={At}");
        Assert.Equal("none", Text(spike, "verdict"));
        var component = spike.GetProperty("components").EnumerateArray().Single();
        Assert.Equal(
            ("feature", "chat", "2025-11-11T12:00:00Z"), (Text(component, "dimension"), Text(component, "value"), Text(component, "onset")));
        var said = await world.RunAsync("spike", "--org", "org-1", "--at", At);
        Assert.Equal(1, said.ExitCode);
        Assert.Contains("but feature chat rose since 2025-11-11T12:00:00Z while others fell.", said.Out, StringComparison.Ordinal);
    }

    // Goal: step 6 says which tool fails, and nothing of tools that do as before. Method: two tools, each with 5 calls an hour of which a tenth fails; in the
    // last 12 hours one fails in 3 of 5 calls.
    [Fact]
    public async Task Step_6_finds_the_tool_that_fails_more_often()
    {
        await using var world = await FilledAsync((_, _, _) => 1);
        Assert.Contains("     tool calls: none are recorded", (await world.RunAsync("spike", "--org", "org-1", "--at", At)).Out, StringComparison.Ordinal);
        var calls = from hour in Enumerable.Range(0, 216)
                    from tool in (string[])["search", "read_file"]
                    from no in Enumerable.Range(0, 5)
                    let failed = tool == "search" && hour >= 168 ? no < 3 : no == 0 && hour % 2 == 0
                    select new ToolCall(tool, null, failed, failed ? 1 : 0, Begin + TimeSpan.FromHours(hour), "api", $"{tool} {hour} {no}");
        await world.Ledger.SubmitAsync([.. calls.Select(call =>
            new Command.AddRecord(RecordKind.ToolCall, "org-1", ToolCall.NameOf("test", call.Id), call.Body, Once: true))], Stop);

        var said = (await world.RunAsync("spike", "--org", "org-1", "--at", At)).Out;
        Assert.Contains("6  FINDING  Do tools fail?", said, StringComparison.Ordinal);
        Assert.Contains("     failures of 100 calls of search: 10.0 expected, 60.0 actual (+500 %)", said, StringComparison.Ordinal);
        Assert.Contains("     failures of 100 calls of read_file: 10.0 expected, 10.0 actual (0 %)", said, StringComparison.Ordinal);
        Assert.Contains("     calls of search: 240 expected, 240 actual (0 %)", said, StringComparison.Ordinal);
        Assert.Contains("6  PASS     Do tools fail?", (await world.RunAsync("spike", "--org", "org-2", "--at", At)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_org_that_is_two_days_old_has_no_baseline_and_the_report_says_so()
    {
        await using var world = await FilledAsync((hour, _, _) => hour < 120 ? 0 : 1);
        var spike = await world.GetAsync($"/orgs/org-1/spike?at={At}");
        Assert.Equal("insufficient_baseline", Text(spike, "verdict"));
        Assert.Equal(0, spike.GetProperty("causes").GetArrayLength());
        Assert.Contains("less than 4 days", Text(spike, "sentence"), StringComparison.Ordinal);
    }

    // Goal: importing a list shows as a change of the list. Method: a list that is added now says another price for the model; before it was added, the
    // built-in one holds.
    [Fact]
    public async Task The_price_of_an_hour_is_that_of_the_lists_known_then()
    {
        await using var world = await ApiWorld.StartAsync();
        var before = Instant.From(DateTimeOffset.UtcNow) - TimeSpan.FromHours(2);
        await world.OkAsync(HttpMethod.Post, "/prices?format=tieout", """
            {"format":"tieout-prices/1","list":"own","version":"1","asset":"USD","providers":[{"id":"openai","models":[
            {"id":"gpt-4o","match":"gpt-4o","rates":{"input_tokens":"77","output_tokens":"99"}}]}]}
            """);
        var prices = world.Server.Services.GetRequiredService<CurrentPrices>().Get();
        decimal? Input(Instant known) => prices.Of("acme", known)?.Find("openai", "gpt-4o", before).Price?.Charged.For(UsageUnits.InputTokens)?.Base;

        Assert.Equal(77, Input(Instant.From(DateTimeOffset.UtcNow) + TimeSpan.FromHours(1)));
        Assert.Equal(2.5m, Input(before));
    }

    [Fact]
    public async Task A_key_sees_its_own_org_only()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"postpaid"}""");
        var (_, key) = await world.KeyAsync();
        Assert.Equal("acme", Text(await world.GetAsync("/orgs/acme/spike", key), "org"));
        using var foreign = await world.SendAsync(HttpMethod.Get, "/orgs/other/spike", token: key);
        Assert.Equal("org_not_found", await ApiWorld.CodeAsync(foreign, HttpStatusCode.NotFound));
        using var all = await world.SendAsync(HttpMethod.Get, "/spike?asset=USD", token: key);
        Assert.Equal("forbidden", await ApiWorld.CodeAsync(all, HttpStatusCode.Forbidden));
    }

    [Theory]
    [InlineData("since=soon", "'soon' is not a length of time for 'since': write hours or days, for example 48h or 7d, up to 14d.")]
    [InlineData("since=400h", "'400h' is not a length of time for 'since'")]
    [InlineData("baseline=0d", "'0d' is not a length of time for 'baseline'")]
    [InlineData("baseline=99999999999d", "'99999999999d' is not a length of time")]
    [InlineData("at=2999-01-01", "'at' is 2999-01-01T00:00:00.000000Z, which is later than now.")]
    public async Task A_query_that_is_not_understood_is_refused_with_a_sentence(string query, string said)
    {
        await using var world = await ApiWorld.StartAsync();
        using var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/spike?{query}");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(answer, HttpStatusCode.BadRequest));
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop));
        Assert.StartsWith(said, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static async Task<ApiWorld> FilledAsync(Func<int, string, string, int> input)
    {
        var world = await ApiWorld.StartAsync();
        await SpikeTraffic.FillAsync(world.Ledger, Begin, input);
        return world;
    }

    private static string Figures(JsonElement spike) => string.Join('\n', spike.EnumerateObject().Where(member => member.Name is not "as_of").Select(
        member => member.Value.GetRawText()));

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();

    private static Amount Money(JsonElement of, string name) => Amount.Parse(Text(of, name)!);
}
