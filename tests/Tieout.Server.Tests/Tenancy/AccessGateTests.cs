using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Logging.Abstractions;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Hosting;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Http;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Deny by default, and the doors that were open before there was one gate.</summary>
public sealed class AccessGateTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_server_does_not_start_with_an_endpoint_that_has_no_policy()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        await using var ledger = SqliteLedger.Open(folder.FullName);
        await using var server = TieoutServer.Build(new ServerOptions { Listen = "http://127.0.0.1:0", Data = folder.FullName }, ledger);
        server.MapGet("/planted", () => "open to all");
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => server.StartAsync(Stop));
        Assert.Contains("/planted", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Allow(...)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_appears_later_without_a_policy_is_closed_to_all()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        await using var ledger = SqliteLedger.Open(folder.FullName);
        var isReached = false;
        using var outages = new OutageLog(ledger, TimeProvider.System, NullLogger<OutageLog>.Instance);
        using var uses = new KeyUseRecorder(ledger, TimeProvider.System, outages, NullLogger<KeyUseRecorder>.Instance);
        var credentials = new Credentials(new("root"), new(ledger.Read, TimeProvider.System), new(20, TimeProvider.System));
        var gate = new AccessGate(Reach, credentials,
            new RefusedCalls(ledger, TimeProvider.System, NullLogger<RefusedCalls>.Instance), uses);
        var context = new DefaultHttpContext { RequestServices = new NoServices() };
        context.Request.Headers.Authorization = "Bearer root";
        context.SetEndpoint(new Microsoft.AspNetCore.Routing.RouteEndpoint(
            _ => Task.CompletedTask, RoutePatternFactory.Parse("/late"), 0, metadata: new(new OwnProtocol()), displayName: null));
        await gate.InvokeAsync(context);
        Assert.False(isReached);
        Assert.Equal(403, context.Response.StatusCode);

        Task Reach(HttpContext _)
        {
            isReached = true;
            return Task.CompletedTask;
        }
    }

    // The fault: a token that may only read charged any org, because this door asked for a credential and never for a role.
    [Fact]
    public async Task A_viewer_charges_nobody_through_traces()
    {
        await using var world = await ApiWorld.StartAsync();
        foreach (var role in (string[])["viewer", "operator", "finance"])
        {
            var token = (await world.OkAsync(HttpMethod.Post, "/tokens", $$"""{"role":"{{role}}"}""")).GetProperty("token").GetString()!;
            foreach (var path in (string[])["/v1/traces", "/api/v1/usage", "/api/v1/events"])
            {
                using var response = await PostAsync(world, path, token);
                Assert.Equal((role, path, HttpStatusCode.Forbidden), (role, path, response.StatusCode));
            }
        }
    }

    // The fault: a key made for chat handed in usage without limit and read what the whole org owes. What a new key hands in, and a chat key may not:
    // KeyUsageTests.
    [Fact]
    public async Task A_new_key_has_inference_and_reads_nothing()
    {
        await using var world = await ApiWorld.StartAsync();
        var made = await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", """{}""");
        var (id, key) = (made.GetProperty("id").GetString(), made.GetProperty("key").GetString()!);
        var chat = (await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", """{"scopes":["chat"]}""")).GetProperty("key").GetString()!;
        foreach (var path in (string[])["/v1/traces", "/api/v1/usage", "/api/v1/events", "/api/v1/envelopes"])
        {
            using var response = await PostAsync(world, path, path == "/api/v1/envelopes" ? key : chat);
            Assert.Equal((path, HttpStatusCode.Forbidden), (path, response.StatusCode));
            Assert.Contains("scope_not_allowed", await response.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        }

        foreach (var path in (string[])["", "/balance", "/usage", "/costs/today", "/budgets", "/documents", "/operations/x"])
        {
            using var response = await world.SendAsync(HttpMethod.Get, $"/orgs/acme{path}", token: key);
            Assert.Equal("scope_not_allowed", await ApiWorld.CodeAsync(response, HttpStatusCode.Forbidden));
        }

        var listed = (await world.GetAsync("/orgs/acme/keys")).GetProperty("items").EnumerateArray().Single(row => row.GetProperty("id").GetString() == id);
        Assert.Equal([KeyScope.Inference], listed.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()!));
    }

    private static async Task<HttpResponseMessage> PostAsync(ApiWorld world, string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", token);
        return await world.Http.SendAsync(request, Stop);
    }

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }

    private sealed class OwnProtocol : AccessProtocol
    {
        public override ApiError Unidentified => ApiError.Unauthorized;

        public override string? Secret(HttpRequest request) => Bearer(request);

        public override string HowToIdentify(HttpRequest request) => "";

        public override Task RefuseAsync(HttpContext context, ApiError error, string? detail)
        {
            context.Response.StatusCode = error.Status;
            return Task.CompletedTask;
        }
    }
}
