using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Ingest;

namespace Tieout.Server.Tests.Invoicing;

/// <summary>Shared costs over HTTP and in the command line: shown, charged once, and the same on every surface.</summary>
public sealed class SharedCostTests
{
    private const string At = "2026-10-15T08:00:00Z";

    // Goal: a cluster's cost of OpenCost is split by tokens to the nano-unit, shown without a change, charged once, and found in spend, invoice, balance and
    // FOCUS. Method: three tenants with 100, 200 and no tokens; a file with idle and unallocated cost.
    [Fact]
    public async Task I1_a_clusters_cost_is_split_by_tokens_charged_once_and_the_same_everywhere()
    {
        await using var world = await StartAsync();
        var file = await FileAsync("Date,Namespace,TotalCost\n2026-10-01,web,10.00\n2026-10-02,batch,0.000000001\n2026-10-02,__idle__,4.5\n2026-10-02,__unallocated__,0.25\n");
        string[] args = ["shared-costs", "split", file, "--name", "k8s-prod", "--method", "by_tokens", "--window", "2026-10"];
        var shown = await world.RunAsync([.. args, "--json"]);
        Assert.True(shown.ExitCode == 0, shown.Error);
        Assert.Equal(
            ["tenant acme 100 3.333333334 shown", "tenant beta 200 6.666666667 shown", "idle  0 4.5 shown", "unallocated  0 0.25 shown"], Said(shown.Json));
        Assert.Equal("14.750000001", shown.Json.GetProperty("total").GetString());
        Assert.Empty((await world.GetAsync("/shared-costs")).GetProperty("items").EnumerateArray());
        var before = await world.SpentAsync();

        var charged = await world.RunAsync([.. args, "--charge", "--reason", "October's cluster"]);
        Assert.True(charged.ExitCode == 0, charged.Error);
        Assert.Contains("(idle)", charged.Out, StringComparison.Ordinal);
        Assert.Equal(3.333333334m, await world.SpentAsync() - before);
        var spend = await world.GetAsync("/spend?by=org,source,model&from=2026-10-01&to=2026-11-01");
        Assert.Equal(
            ["acme 3.333333334", "beta 6.666666667"],
            spend.GetProperty("items").EnumerateArray().Where(item => Text(item.GetProperty("group"), "source") == "shared_cost")
                .Select(item => $"{Text(item.GetProperty("group"), "org")} {Text(item, "charge")}").Order(StringComparer.Ordinal));
        var invoice = await world.GetAsync("/orgs/acme/invoices/2026-10");
        Assert.Contains(invoice.GetProperty("lines").EnumerateArray(), line => Text(line, "model") == "k8s-prod" && Text(line, "charge") == "3.333333334");

        // The export says by which method and weight the row is beta's, and breaks no rule of FOCUS.
        var export = await world.RunAsync("usage", "beta", "--format", "focus", "--from", "2026-10-01", "--to", "2026-11-01");
        Assert.True(export.ExitCode == 0, export.Error);
        var row = Assert.Single(export.Out.Split('\n'), line => line.Contains("tieout.by_tokens.v1", StringComparison.Ordinal));
        Assert.Contains("\"\"AllocatedRatio\"\":0.666666667,\"\"UsageUnit\"\":\"\"Tokens\"\",\"\"UsageQuantity\"\":200", row, StringComparison.Ordinal);
        Assert.Contains("6.666666667", row, StringComparison.Ordinal);
        var check = await world.RunAsync("focus", "check", await FileAsync(export.Out));
        Assert.True(check.ExitCode == 0, check.Out + check.Error);

        // Again, for a day of it, with other costs, and when more usage has come: refused, and nothing is charged.
        await world.UsageAsync($"[{Record("late", "beta", 1_000)}]");
        var now = await world.SpentAsync("beta");
        foreach (var body in (string[])
        [
            Body("k8s-prod", "2026-10", "\"10.000000001\""), Body("k8s-prod", "2026-10-02", "\"1\""), Body("k8s-prod", "2026-10", "\"11\""),
        ])
        {
            using var again = await world.SendAsync(HttpMethod.Post, "/shared-costs", body);
            Assert.Equal("shared_cost_charged", await ApiWorld.CodeAsync(again, HttpStatusCode.Conflict));
        }

        var repeated = await world.RunAsync([.. args, "--charge", "--reason", "October's cluster"]);
        Assert.Equal(2, repeated.ExitCode);
        Assert.Contains("charged for 2026-10 before", repeated.Error, StringComparison.Ordinal);
        Assert.Equal(now, await world.SpentAsync("beta"));
        var listed = Assert.Single((await world.GetAsync("/shared-costs")).GetProperty("items").EnumerateArray());
        Assert.Equal(("k8s-prod", "tieout.by_tokens.v1", "October's cluster"), (Text(listed, "name"), Text(listed, "method"), Text(listed, "reason")));
    }

    [Fact]
    public async Task A_charge_that_stopped_half_way_goes_on_with_the_parts_that_were_recorded()
    {
        await using var world = await StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs/beta/adjustments/freeze", """{"reason":"r"}""");
        var half = await world.OkAsync(HttpMethod.Post, "/shared-costs", Body("platform", "2026-10", "\"9\""));
        Assert.Equal(["tenant acme 100 3 charged", "tenant beta 200 6 refused"], Said(half));
        await world.OkAsync(HttpMethod.Post, "/orgs/beta/adjustments/unfreeze", """{"reason":"r"}""");
        await world.UsageAsync($"[{Record("late", "acme", 100_000)}]");
        var rest = await world.OkAsync(HttpMethod.Post, "/shared-costs", Body("platform", "2026-10", "\"9\""));
        Assert.Equal(["tenant acme 100 3 recorded", "tenant beta 200 6 charged"], Said(rest));
        using var again = await world.SendAsync(HttpMethod.Post, "/shared-costs", Body("platform", "2026-10", "\"9\""));
        Assert.Equal("shared_cost_charged", await ApiWorld.CodeAsync(again, HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task U1_above_the_approval_limit_a_part_waits_for_a_second_person_and_is_charged_when_they_approve()
    {
        await using var world = await StartAsync(options => options with
        {
            Approvals = new() { Limits = ImmutableDictionary<string, Amount>.Empty.Add("USD", Amount.Parse("5")) },
        });
        var before = await world.SpentAsync("beta");
        var split = await world.OkAsync(HttpMethod.Post, "/shared-costs", Body("platform", "2026-10", "\"9\""));
        Assert.Equal(["tenant acme 100 3 charged", "tenant beta 200 6 proposed"], Said(split));
        Assert.Equal(before, await world.SpentAsync("beta"));
        var proposal = Assert.Single((await world.GetAsync("/orgs/beta/proposals")).GetProperty("items").EnumerateArray());
        Assert.Equal("6", Text(proposal, "moves"));
        var second = Text(await world.OkAsync(HttpMethod.Post, "/tokens", """{"role":"admin","name":"second"}"""), "token")!;
        await world.OkAsync(
            HttpMethod.Post, $"/orgs/beta/proposals/{Text(proposal, "id")}/approve", $$"""{"hash":"{{Text(proposal, "hash")}}"}""", second);
        Assert.Equal(before + 6, await world.SpentAsync("beta"));
    }

    [Fact]
    public async Task J1_a_part_of_a_shared_cost_is_complete_and_the_next_split_does_not_count_it()
    {
        await using var world = await StartAsync();
        await world.OkAsync(HttpMethod.Post, "/contracts", """
            {"contract":{"name":"usage","version":"1.0.0","on_violation":"charge","keys":[{"name":"trace_id","type":"name"}],"segmentation":["feature"]},"reason":"r"}
            """);
        await world.OkAsync(HttpMethod.Post, "/shared-costs", Body("one", "2026-10", "\"9\""));
        var total = (await world.GetAsync("/contracts/usage/completeness?org=beta&from=2026-10-01&to=2026-11-01")).GetProperty("total");
        Assert.Equal((2, 1, "6.00065"), (total.GetProperty("billable").GetInt32(), total.GetProperty("complete").GetInt32(), Text(total, "charge")));

        // gamma has used nothing; its part of an even split is none, also after it was charged a fixed part.
        await world.OkAsync(HttpMethod.Post, "/shared-costs", """
            {"name":"two","window":"2026-10","method":"fixed","costs":[{"kind":"shared","name":"c","cost":"10"}],"parts":{"gamma":"33.33"},"charge":true,"reason":"r"}
            """);
        Assert.Equal(1_003.333m, await world.SpentAsync("gamma"));
        var even = await world.OkAsync(
            HttpMethod.Post, "/shared-costs", """{"name":"three","window":"2026-10","method":"even","costs":[{"kind":"shared","name":"c","cost":"1"}]}""");
        Assert.Equal(["tenant acme 1 0.5 shown", "tenant beta 1 0.5 shown"], Said(even));
    }

    [Fact]
    public async Task By_gpu_seconds_counts_the_machine_time_of_the_window()
    {
        await using var world = await StartAsync();
        string Gpu(string id, string org, int seconds) =>
            Sending.Record(id, $$""","usage_source":"allocation","charge":"1","units":{"gpu_seconds":{{seconds}}} """, org).Replace(Sending.At, At, StringComparison.Ordinal);
        Assert.Equal(3, (await world.UsageAsync($"[{Gpu("g1", "acme", 10)},{Gpu("g2", "acme", 20)},{Gpu("g3", "beta", 60)}]")).Accepted);
        var split = await world.OkAsync(
            HttpMethod.Post, "/shared-costs", """{"name":"gpus","window":"2026-10-15","method":"by_gpu_seconds","costs":[{"kind":"shared","name":"c","cost":"9"}]}""");
        Assert.Equal(["tenant acme 30 3 shown", "tenant beta 60 6 shown"], Said(split));
    }

    [Theory]
    [InlineData("""{"name":"a/b","window":"2026-10","method":"even","costs":[{"kind":"shared","name":"c","cost":"1"}]}""", "'a/b' is not the name of a shared cost")]
    [InlineData("""{"name":"a","window":"2026","method":"even","costs":[{"kind":"shared","name":"c","cost":"1"}]}""", "'2026' is not a window")]
    [InlineData("""{"name":"a","window":"2026-10","method":"fair","costs":[{"kind":"shared","name":"c","cost":"1"}]}""", "'fair' is not a method: use one of by_gpu_seconds")]
    [InlineData("""{"name":"a","window":"2026-10","method":"even","costs":[]}""", "costs has 0 items")]
    [InlineData("""{"name":"a","window":"2026-10","method":"even","costs":[{"kind":"shared","name":"c","cost":"-1"}]}""", "The cost to split is -1")]
    [InlineData("""{"name":"a","window":"2026-10","method":"fixed","costs":[{"kind":"shared","name":"c","cost":"1"}],"parts":{"acme":"60","beta":"40.01"}}""", "The fixed parts sum to more")]
    [InlineData("""{"name":"a","window":"2026-10","method":"fixed","costs":[{"kind":"shared","name":"c","cost":"1"}],"parts":{"nobody":"60"}}""", "'nobody' is not an org")]
    [InlineData("""{"name":"a","window":"9998-12","method":"even","costs":[{"kind":"shared","name":"c","cost":"1"}],"charge":true,"reason":"r"}""", "The window 9998-12 is not over")]
    public async Task What_cannot_be_split_is_refused_with_a_sentence(string body, string said)
    {
        await using var world = await StartAsync();
        using var answer = await world.SendAsync(HttpMethod.Post, "/shared-costs", body);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var problem = JsonDocument.Parse(text);
        Assert.Equal("shared_cost_invalid", Text(problem.RootElement, "code"));
        Assert.StartsWith(said, Text(problem.RootElement, "detail"), StringComparison.Ordinal);
    }

    /// <summary>acme used 100 tokens of October, beta 200, gamma none.</summary>
    private static async Task<ApiWorld> StartAsync(Func<ServerOptions, ServerOptions>? change = null)
    {
        var world = await ApiWorld.StartAsync(change, topUpByHand: change is null);
        foreach (var org in (string[])["beta", "gamma"]) await world.OkAsync(HttpMethod.Post, "/orgs", $$"""{"id":"{{org}}","asset":"USD","billing":"prepaid"}""");
        Assert.Equal(2, (await world.UsageAsync($"[{Record("u1", "acme", 80)},{Record("u2", "beta", 180)}]")).Accepted);
        return world;
    }

    /// <summary>With 20 tokens of output.</summary>
    private static string Record(string id, string org, int input) =>
        Sending.Record(id, org: org, input: input).Replace(Sending.At, At, StringComparison.Ordinal);

    private static string Body(string name, string window, string cost) => $$"""
        {"name":"{{name}}","window":"{{window}}","method":"by_tokens","costs":[{"kind":"shared","name":"all","cost":{{cost}}}],"charge":true,"reason":"agreed"}
        """;

    private static IEnumerable<string> Said(JsonElement split) => split.GetProperty("items").EnumerateArray().Select(item => string.Create(
        CultureInfo.InvariantCulture, $"{Text(item, "kind")} {Text(item, "org")} {item.GetProperty("weight")} {Text(item, "amount")} {Text(item, "state")}"));

    private static async Task<string> FileAsync(string text)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("tieout-shared-").FullName, "opencost.csv");
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        return path;
    }

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();
}
