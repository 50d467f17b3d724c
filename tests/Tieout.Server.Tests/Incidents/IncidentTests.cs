using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Reconciliation;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Tenancy;
using Tieout.Server.Tests.Tracing;

namespace Tieout.Server.Tests.Incidents;

/// <summary>What is kept of an incident, and what it shows.</summary>
public sealed class IncidentTests
{
    [Fact]
    public async Task An_incident_has_its_timeline_evidence_around_a_correction_impact_and_an_owner_of_the_follow_up()
    {
        await using var world = await ApiWorld.StartAsync();
        var usage = await TraceTests.SettleAsync(world, "op-7", "corr-7", "6");
        await TraceTests.SettleAsync(world, "op-8", "corr-8", "1");
        var opened = await world.RunAsync(
            "incident", "open", "--title", "acme is charged <b>twice</b>", "--scope", "tenant", "--org", "acme", "--finding", "duplicate_charge-1", "--json");
        Assert.True(opened.ExitCode == 0, opened.Error);
        Assert.Equal("INC-0001", opened.Json.GetProperty("id").GetString());
        Assert.Equal(0,
            (await world.RunAsync(
                "incident", "note", "INC-0001", "seen in the export", "--correlation", "corr-7", "--trace", "0af7651916cd43dd8448eb211c80319c")).ExitCode);

        // A correction captures what it is about before and after, whether or not an incident is open.
        var capture = world.Server.Services.GetRequiredService<EvidenceCapture>();
        var about = new EvidenceScope("acme", usage.Id.ToString(), Finding: "duplicate_charge-1", Code: "duplicate_charge");
        await capture.CaptureAsync(about, "before", AdminCallSample.Of("fin"), TestContext.Current.CancellationToken);
        var posting = (await world.GetAsync("/trace/corr-7")).GetProperty("steps")
            .EnumerateArray().Single(step => step.GetProperty("kind").GetString() == "posting").GetProperty("id").GetString();
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", $$"""{"id":"fix-1","posting":{{posting}},"reason":"=duplicate_charge-1"}""");
        await capture.CaptureAsync(about, "after", AdminCallSample.Of("fin"), TestContext.Current.CancellationToken);
        Assert.Equal(0, (await world.RunAsync("incident", "evidence", "INC-0001", "--org", "acme", "--id", "op-8")).ExitCode);
        Assert.Equal(0,
            (await world.RunAsync("incident", "close", "INC-0001", "--cause", "duplicate_charge", "--layer", "metering_emitter", "--follow-up",
                "dedupe at the emitter, ada, Friday")).ExitCode);

        var shown = (await world.RunAsync("incident", "show", "INC-0001", "--json")).Json;
        Assert.Equal(["opened", "note", "evidence", "correction", "evidence", "closed"],
            shown.GetProperty("timeline").EnumerateArray().Select(line => line.GetProperty("kind").GetString()!));
        Assert.Equal([2, 4, 2], shown.GetProperty("evidence").EnumerateArray().Select(item => item.GetProperty("ledger_entries").GetArrayLength()));
        var impact = Assert.Single(shown.GetProperty("impact").EnumerateArray());
        Assert.Equal(("7", "-6", "1", 2), (Text(impact, "charged"), Text(impact, "corrected"), Text(impact, "net"), impact.GetProperty("attempts").GetInt32()));
        Assert.Equal(("closed", "metering_emitter"), (Text(shown.GetProperty("incident"), "status"), Text(shown.GetProperty("incident"), "layer")));
        Assert.Contains("[incident_closed]",
            (await world.RunAsync("incident", "close", "INC-0001", "--cause", "other", "--layer", "none", "--follow-up", "none")).Error,
            StringComparison.Ordinal);
        await ExportedAsync(world);
    }

    private static async Task ExportedAsync(ApiWorld world)
    {
        var folder = Path.Combine(world.Folder.FullName, "out");
        Assert.Equal(0, (await world.RunAsync("incident", "export", "INC-0001", "--to", folder)).ExitCode);
        Assert.Equal(2, (await world.RunAsync("incident", "export", "INC-0001", "--to", folder)).ExitCode);
        var page = await File.ReadAllTextAsync(Path.Combine(folder, "index.html"), TestContext.Current.CancellationToken);
        Assert.Contains("&lt;b&gt;twice&lt;/b&gt;", page, StringComparison.Ordinal);
        foreach (var not in new[] { "<b>twice", "<script", "http://", "https://" }) Assert.DoesNotContain(not, page, StringComparison.OrdinalIgnoreCase);
        var after = Path.Combine(folder, "evidence", "002-after");
        Assert.Contains("'=duplicate_charge-1", await File.ReadAllTextAsync(Path.Combine(after, "ledger_entries.csv"), TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        Assert.Contains(
            ",-6,", await File.ReadAllTextAsync(Path.Combine(after, "ledger_entries.csv"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        foreach (var file in new[] { "incident.json", "timeline.csv", "impact.csv" }) Assert.True(File.Exists(Path.Combine(folder, file)), file);

        var zip = Path.Combine(world.Folder.FullName, "out.zip");
        Assert.Equal(0, (await world.RunAsync("incident", "export", "INC-0001", "--to", zip)).ExitCode);
        await using var archive = await ZipFile.OpenReadAsync(zip, TestContext.Current.CancellationToken);
        Assert.Contains(archive.Entries, entry => entry.FullName == "evidence/001-before/usage_records.csv");
    }

    [Fact]
    public async Task A_finding_that_is_corrected_leaves_its_evidence_before_and_after()
    {
        await using var world = await ApiWorld.StartAsync();
        var usage = await world.ChargeAsync("3", project: "web", operation: "op-1");
        var found = Assert.Single((await world.RunAsync("reconcile", "--json")).Json.GetProperty("findings").EnumerateArray());
        var id = Text(found, "id")!;
        Assert.Equal("mispriced", Text(found, "code"));
        Assert.Contains("project web of acme: 1 mispriced", (await world.RunAsync("incident", "open", "--title", "dear")).Error, StringComparison.Ordinal);
        Assert.Equal(0,
            (await world.RunAsync("incident", "open", "--title", "dear", "--scope", "project", "--org", "acme", "--project", "web", "--finding", id)).ExitCode);
        Assert.Equal(0, (await world.RunAsync("correct", id, "--dry-run")).ExitCode);
        var corrected = await world.RunAsync("correct", id);
        Assert.True(corrected.ExitCode == 0, corrected.Error);
        Assert.Equal(0, (await world.RunAsync("reconcile")).ExitCode);

        var shown = await world.GetAsync("/incidents/INC-0001");
        var (before, after) = (shown.GetProperty("evidence")[0], shown.GetProperty("evidence")[1]);
        Assert.Equal(("before", "after", 2, 6),
            (Text(before, "phase"), Text(after, "phase"), before.GetProperty("ledger_entries").GetArrayLength(),
                after.GetProperty("ledger_entries").GetArrayLength()));
        Assert.All([before, after],
            evidence => Assert.Equal((id, "mispriced", usage.Id.ToString()),
                (Text(evidence, "finding"), Text(evidence, "code"), Text(evidence.GetProperty("usage_records")[0], "usage_id"))));
        Assert.Equal("corr-1", Text(shown.GetProperty("timeline").EnumerateArray().Single(line => Text(line, "kind") == "correction"), "correlation_id"));
        Assert.StartsWith("-2.999", Text(shown.GetProperty("impact")[0], "corrected"), StringComparison.Ordinal);

        // Ended findings suggest nothing any more.
        Assert.Contains("no findings", (await world.RunAsync("incident", "open", "--title", "dear")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scope_is_suggested_with_its_reason_and_decided_by_a_person()
    {
        await using var world = await ApiWorld.StartAsync();
        var nothing = await world.RunAsync("incident", "open", "--title", "spike");
        Assert.Equal(2, nothing.ExitCode);
        Assert.Contains("Findings suggest broad: no findings were recorded in its time", nothing.Error, StringComparison.Ordinal);
        await FindAsync(world, "acme", "web");
        await FindAsync(world, "acme", "web");
        Assert.Equal("project", Text(await world.GetAsync("/incidents/suggestion"), "scope"));
        await FindAsync(world, "acme", "batch");
        Assert.Contains("tenant acme: 3 unpriced; 1 tenant, 2 projects", (await world.RunAsync("incident", "open", "--title", "spike", "--org", "acme")).Error,
            StringComparison.Ordinal);
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"postpaid"}""");
        await FindAsync(world, "other", "web");
        Assert.Equal("broad", Text(await world.GetAsync("/incidents/suggestion"), "scope"));
        Assert.Equal("project", Text(await world.GetAsync("/incidents/suggestion?org=other&from=2020-01-01"), "scope"));

        // Only what lies in the scope is shown.
        await world.OkAsync(HttpMethod.Post, "/incidents", """{"title":"web only","scope":"project","org":"acme","project":"web"}""");
        var shown = await world.GetAsync("/incidents/INC-0001");
        Assert.Equal(["opened", "finding", "finding"],
            shown.GetProperty("timeline").EnumerateArray().Select(line => Text(line, "kind")!).Order(StringComparer.Ordinal).Reverse());
        Assert.Equal(["web"], shown.GetProperty("impact").EnumerateArray().Select(line => Text(line, "project")!));
    }

    [Theory]
    [InlineData("""{"title":"x","scope":"tenant"}""")]
    [InlineData("""{"title":"x","scope":"project","org":"acme"}""")]
    [InlineData("""{"title":"x","scope":"tenant","org":"acme","project":"web"}""")]
    [InlineData("""{"title":"x","scope":"instance","org":"acme"}""")]
    [InlineData("""{"title":"x","scope":"galaxy"}""")]
    [InlineData("""{"title":" ","scope":"broad"}""")]
    [InlineData("""{"title":"x","scope":"broad","severity":"high"}""")]
    [InlineData("""{"title":"x","scope":"broad","findings":["no name \u0007"]}""")]
    public async Task What_cannot_be_meant_opens_nothing(string body)
    {
        await using var world = await ApiWorld.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await world.SendAsync(HttpMethod.Post, "/incidents", body)).StatusCode);
        Assert.Empty((await world.GetAsync("/incidents")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_tenant_sees_no_incidents_and_many_opened_at_once_each_have_a_number()
    {
        await using var world = await ApiWorld.StartAsync();
        var (_, key) = await world.KeyAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => world.OkAsync(HttpMethod.Post, "/incidents", $$"""{"title":"n{{i}}","scope":"broad"}""")));
        Assert.Equal(Enumerable.Range(1, 8).Select(no => $"INC-{no:0000}").Reverse(),
            (await world.GetAsync("/incidents")).GetProperty("items").EnumerateArray().Select(item => Text(item, "id")!));
        foreach (var path in new[] { "/incidents", "/incidents/INC-0001", "/incidents/INC-0001/export", "/incidents/suggestion" })
        {
            Assert.Equal("forbidden", await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Get, path, token: key), HttpStatusCode.Forbidden));
        }

        Assert.Equal("incident_not_found", await ApiWorld.CodeAsync(await world.SendAsync(HttpMethod.Get, "/incidents/INC-9999"), HttpStatusCode.NotFound));
    }

    /// <summary>Usage without a price opens a finding.</summary>
    private static async Task FindAsync(ApiWorld world, string org, string project)
    {
        var labels = new Core.Metering.UsageLabels
        {
            Org = org,
            Project = project,
            Provider = "openai",
            Model = "unheard-of",
            Source = Core.Metering.UsageSource.Gateway
        };
        var usage = new Core.Metering.UsageRecord(
            new(Guid.CreateVersion7()), labels, $"op-{Guid.NewGuid()}", 1, null, null, null, null, Instant.From(DateTimeOffset.UtcNow), 1, 200,
            new(5, 0, 0, 5, 0), Core.Metering.UsageBasis.Reported, default);
        Assert.IsType<Outcome.Done>(
            await world.Ledger.SubmitAsync(new Command.Charge(new(usage, null, default, default), Fact: true), TestContext.Current.CancellationToken));
    }

    private static string? Text(JsonElement json, string member) => json.GetProperty(member).GetString();
}
