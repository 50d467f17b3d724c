using System.Net;
using System.Text.Json;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Hosting;

/// <summary>Strangers learn one word; operators learn the rest at an address of their own or with a role.</summary>
public sealed class OperationsPortTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Anonymous_health_is_one_word_whatever_is_wrong_with_the_configuration()
    {
        await using var world = await ConfiguredWorld.StartAsync();
        await world.WriteAsync("store: oracle://tieout:pa55word@db/tieout");
        await World.SoonAsync(async () => (await world.DetailAsync()).GetProperty("configuration").GetProperty("error").ValueKind is JsonValueKind.String,
            "the wrong file is seen");

        foreach (var path in (string[])["/healthz", "/readyz"])
        {
            using var answer = await world.Http.GetAsync(path, Stop);
            Assert.Equal("""{"status":"ok"}""", await answer.Content.ReadAsStringAsync(Stop));
        }
    }

    [Theory]
    [InlineData("store: oracle://tieout:pa55word@db/tieout")]
    [InlineData("store: postgres://tieout:pa55word@db")]
    [InlineData("store: postgres://tieout:pa55word@db/tieout?sslmod=require")]
    [InlineData("store: ${SECRET}")]
    [InlineData("gateway: { on_short: '${SECRET}' }")]
    [InlineData("surfaces: { book: { kind: '${SECRET}' } }")]
    [InlineData("listen: http://tieout:pa55word@0.0.0.0:1")]
    public void No_message_about_the_configuration_repeats_a_password_or_a_value_of_the_environment(string text)
    {
        var error = Assert.Throws<ConfigurationException>(() => TieoutYaml.Read(text, "t.yaml", name => name == "SECRET" ? "pa55word" : null));

        Assert.DoesNotContain("pa55word", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_in_detail_needs_the_operations_address_or_a_role()
    {
        await using var world = await ConfiguredWorld.StartAsync();
        using var anonymous = await world.Http.GetAsync("/api/v1/health/detail", Stop);
        Assert.Equal(HttpStatusCode.Unauthorized, anonymous.StatusCode);
        Assert.Equal(1, (await world.Api.GetAsync("/health/detail")).GetProperty("configuration").GetProperty("version").GetInt32());
        Assert.Equal(1, (await world.DetailAsync()).GetProperty("configuration").GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task Metrics_at_the_servers_own_address_need_a_role()
    {
        await using var world = await ConfiguredWorld.StartAsync();
        using var anonymous = await world.Http.GetAsync("/metrics", Stop);
        Assert.Equal(HttpStatusCode.Unauthorized, anonymous.StatusCode);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Authorization = new("Bearer", ApiWorld.Admin);
        using var admin = await world.Http.SendAsync(request, Stop);
        Assert.Contains("tieout_ledger_writable 1", await admin.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.Contains("tieout_ledger_writable 1", await world.Operations.GetStringAsync("/metrics", Stop), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/orgs")]
    [InlineData("/v1/models")]
    public async Task The_operations_address_answers_nothing_else(string path)
    {
        await using var world = await ConfiguredWorld.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new("Bearer", ApiWorld.Admin);
        using var answer = await world.Operations.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task No_header_makes_the_servers_own_address_the_operations_address()
    {
        await using var world = await ConfiguredWorld.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Host = world.Operations.BaseAddress!.Authority;
        request.Headers.Add("X-Forwarded-Host", world.Operations.BaseAddress!.Authority);
        using var answer = await world.Http.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }
}
