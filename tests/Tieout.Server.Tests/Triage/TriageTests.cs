using System.Text.Json;
using Tieout.Cli;
using Tieout.Cli.Output;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Triage;

/// <summary>The triage over HTTP and as a command: the first break is named, with its evidence.</summary>
public sealed class TriageTests
{
    private const string Contract = """{"contract":{"name":"join","version":"1.0.0","on_violation":"charge","keys":[{"name":"operation_id","type":"name"}],"segmentation":["team or key"]},"reason":"r"}""";

    // Goal: P1 -> P2 -> P3, stops at the first that fails, goes on with --all, and passes when all is right. Method: one world, made worse and
    // better step by step.
    [Fact]
    public async Task The_first_break_is_named_with_its_evidence()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var envelope = await world.IssueAsync();
        await ChatAsync(world, EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {envelope}");
        await ChatAsync(world, EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {envelope}", "Tieout-Attempt: 2");

        // A candidate that nobody asks about: P1.
        await PostAsync(world, "/guard/policies", """{"name":"volumes","actions":"volume.*","irreversible":false,"mode":"shadow","reason":"r"}""");
        var triage = await TriageAsync(world, "?org=acme");
        Assert.Equal(("fail", "P1", "fail not_checked not_checked"), (Text(triage, "verdict"), Text(triage, "first_break"), Verdicts(triage)));
        var first = triage.GetProperty("steps")[0];
        Assert.NotEmpty(Text(first, "fix"));
        Assert.NotEmpty(Text(first, "owner"));
        Assert.Equal("volumes", Text(first.GetProperty("evidence").GetProperty("policies")[0], "name"));
        Assert.Equal((1, 1), (await RunAsync(world, "triage", "--org", "acme"), await RunAsync(world, "triage", "--org", "acme", "--all")));

        // It is asked: P1 passes, and P2 with a sampled retry chain; P3 has no contract.
        await PostAsync(world, "/guard/decide", """{"action":"volume.delete","resource":{"type":"volume","id":"v","owner_org":"acme"}}""");
        triage = await TriageAsync(world, "?org=acme");
        Assert.Equal("pass pass fail", Verdicts(triage));
        var sample = triage.GetProperty("steps")[1].GetProperty("evidence").GetProperty("lineage").GetProperty("sample");
        Assert.Equal(("op-1", 2), (Text(sample, "operation_id"), sample.GetProperty("steps").GetArrayLength()));

        // A contract: all three pass.
        await PostAsync(world, "/contracts", Contract);
        triage = await TriageAsync(world, "?org=acme");
        Assert.True(Verdicts(triage) == "pass pass pass", triage.ToString());
        Assert.Equal(0, await RunAsync(world, "triage", "--org", "acme"));

        // A client loses its envelope: P2, and with --all the verdict of P3, too.
        await ChatAsync(world, World.Secret, "Tieout-Operation: op-2");
        await ChatAsync(world, World.Secret, "Tieout-Operation: op-2");
        Assert.Equal("pass fail not_checked", Verdicts(await TriageAsync(world, "?org=acme")));
        Assert.Equal("pass fail pass", Verdicts(await TriageAsync(world, "?org=acme&all=true")));
        Assert.Equal("pass fail not_checked", Verdicts(await TriageAsync(world, "")));
    }

    [Fact]
    public async Task An_org_without_usage_is_not_checked_and_that_is_one_sentence()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        await PostAsync(world, "/contracts", Contract);

        var triage = await TriageAsync(world, "?org=beta");

        Assert.Equal(("not_checked", "not_checked not_checked not_checked"), (Text(triage, "verdict"), Verdicts(triage)));
        Assert.StartsWith("beta has no operation", triage.GetProperty("steps")[1].GetProperty("reasons")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(0, await RunAsync(world, "triage", "--org", "beta"));
        Assert.Equal(2, await RunAsync(world, "triage", "--org", "nobody"));
        Assert.Equal(400, (await world.ApiAsync("/triage?all=perhaps", body: null)).Status);
    }

    [Fact]
    public async Task The_page_has_every_step_and_no_markup_of_others()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        await PostAsync(world, "/guard/policies", """{"name":"volumes","actions":"volume.*","irreversible":true,"mode":"shadow","reason":"<script>x</script>"}""");
        var page = new StringWriter();

        Assert.Equal(1, await RunAsync(world, page, "triage", "--html", "--all"));

        foreach (var step in (string[])["P1 control-plane trust: FAIL", "P2 identity envelope", "P3 joinability"])
        {
            Assert.Contains(step, page.ToString(), StringComparison.Ordinal);
        }

        Assert.DoesNotContain("<script>", page.ToString(), StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", page.ToString(), StringComparison.Ordinal);
    }

    private static async Task ChatAsync(EnvelopeWorld world, string secret, params string[] headers)
    {
        using var response = await world.ChatAsync(secret, headers);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
    }

    private static async Task PostAsync(EnvelopeWorld world, string path, string body)
    {
        var (status, answer) = await world.ApiAsync(path, body);
        Assert.True(status is 200 or 201, answer.ToString());
    }

    private static async Task<JsonElement> TriageAsync(EnvelopeWorld world, string query)
    {
        var (status, triage) = await world.ApiAsync($"/triage{query}", body: null);
        Assert.True(status == 200, triage.ToString());
        return triage;
    }

    private static string Verdicts(JsonElement triage) =>
        string.Join(' ', triage.GetProperty("steps").EnumerateArray().Select(step => Text(step, "verdict")));

    private static Task<int> RunAsync(EnvelopeWorld world, params string[] args) => RunAsync(world, new StringWriter(), args);

    private static Task<int> RunAsync(EnvelopeWorld world, StringWriter output, params string[] args) => CommandLine.RunAsync(
        [.. args, "--server", world.World.Http.BaseAddress!.ToString(), "--token", EnvelopeWorld.Admin],
        new Shell(output, new StringWriter(), _ => null, IsTerminal: false), TestContext.Current.CancellationToken);

    private static string Text(JsonElement body, string name) => body.GetProperty(name).GetString()!;
}
