using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Tieout.SampleVolumes;
using Tieout.Server.Tests.Attribution;
using Tieout.Tests;

namespace Tieout.Server.Tests.Guard;

/// <summary>The sample service that deletes volumes, as its users call it, against a real Tieout.</summary>
public sealed class SampleVolumesTests
{
    private const string Policy = """{"name":"volumes","actions":"volume.*","irreversible":true,"mode":"enforce","single_use":true,"reason":"r"}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task G1_the_sample_service_deletes_a_volume_only_for_its_owner_or_under_an_override()
    {
        var clock = new AheadClock();
        await using var world = await EnvelopeWorld.StartAsync(clock);
        Assert.Equal(201, (await world.ApiAsync("/guard/policies", Policy)).Status);
        await using var app = await ServeAsync(world.World.Http.BaseAddress!, EnvelopeWorld.WorkerSecret);
        using var volumes = new HttpClient { BaseAddress = AddressOf(app) };
        var own = await world.IssueAsync();
        var beta = await world.IssueAsync("{}", EnvelopeWorld.BetaSecret);
        var expired = await world.IssueAsync("""{"operation_id":"op-3","expires_in_seconds":1}""");
        clock.Ahead = TimeSpan.FromMinutes(30);

        var table = new (string What, string Volume, string[] Envelopes, HttpStatusCode Status, string Reason)[]
        {
            ("no envelope", "vol-1", [], HttpStatusCode.Forbidden, "envelope_missing"),
            ("forged", "vol-1", [EnvelopeWorld.Rewritten(beta, "beta", "acme")], HttpStatusCode.Forbidden, "envelope_refused"),
            ("rebound", "vol-1", [beta], HttpStatusCode.Forbidden, "owner_other"),
            ("expired", "vol-1", [expired], HttpStatusCode.Forbidden, "envelope_expired"),
            ("two envelopes", "vol-1", [own, own], HttpStatusCode.Forbidden, "envelope_refused"),
            ("no such volume", "vol-9", [own], HttpStatusCode.NotFound, ""),
            ("the owner's", "vol-1", [own], HttpStatusCode.NoContent, ""),
            ("another volume of the same operation", "vol-2", [own], HttpStatusCode.NoContent, ""),
        };
        foreach (var row in table)
        {
            var (status, body) = await DeleteAsync(volumes, row.Volume, row.Envelopes);
            Assert.Equal((row.What, row.Status), (row.What, status));
            Assert.Contains(row.Reason, body, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await DeleteAsync(volumes, "vol-3", [])).Status);
        const string open = """{"actions":"volume.delete","reason":"r","expires_in_seconds":60,"org":"acme"}""";
        Assert.Equal(201, (await world.ApiAsync("/guard/overrides", open)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(volumes, "vol-3", [])).Status);
    }

    [Fact]
    public async Task G1_a_volume_is_replayed_by_nobody()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        Assert.Equal(201, (await world.ApiAsync("/guard/policies", Policy)).Status);
        var own = await world.IssueAsync();
        foreach (var expected in (HttpStatusCode[])[HttpStatusCode.NoContent, HttpStatusCode.Forbidden])
        {
            // A volume of the same name is there again, as after a restore; the old message must not delete it.
            await using var app = await ServeAsync(world.World.Http.BaseAddress!, EnvelopeWorld.WorkerSecret);
            using var volumes = new HttpClient { BaseAddress = AddressOf(app) };
            Assert.Equal(expected, (await DeleteAsync(volumes, "vol-1", [own])).Status);
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:9")]
    [InlineData(null)]
    public async Task G1_without_an_answer_of_the_guard_nothing_is_deleted(string? tieout)
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var own = await world.IssueAsync();

        // Nobody listens; or the key is unknown there.
        await using var app = await ServeAsync(tieout is null ? world.World.Http.BaseAddress! : new Uri(tieout), "tk-unknown");
        using var volumes = new HttpClient { BaseAddress = AddressOf(app) };

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await DeleteAsync(volumes, "vol-1", [own])).Status);
        Assert.Equal(HttpStatusCode.OK, (await volumes.GetAsync(new Uri("/volumes/vol-1", UriKind.Relative), Stop)).StatusCode);
    }

    private static async Task<(HttpStatusCode Status, string Body)> DeleteAsync(HttpClient volumes, string id, string[] envelopes)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/volumes/{id}");
        if (envelopes.Length > 0) request.Headers.Add("Tieout-Envelope", envelopes);
        using var response = await volumes.SendAsync(request, Stop);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Stop));
    }

    private static async Task<WebApplication> ServeAsync(Uri tieout, string key)
    {
        var volumes = new Dictionary<string, string> { ["vol-1"] = "acme", ["vol-2"] = "acme", ["vol-3"] = "acme" };
        var app = VolumesApp.Build(tieout, key, volumes, "--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "Warning");
        await app.StartAsync(Stop);
        return app;
    }

    private static Uri AddressOf(WebApplication app) =>
        new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
}
