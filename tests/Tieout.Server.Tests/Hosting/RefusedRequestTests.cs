using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Hosting;
using Tieout.Server.Telemetry;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Hosting;

/// <summary>A refused request leaves a count, a log line and a row that <c>trace</c> finds, at every door.</summary>
public sealed class RefusedRequestTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // The fault: a customer named the correlation id of a refused request, and nothing anywhere had it.
    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"no-such-model","messages":[{"role":"user","content":"x"}]}""", 404, "model_not_found")]
    [InlineData("/v1/messages", """{"model":"no-such-model","max_tokens":5,"messages":[{"role":"user","content":"x"}]}""", 404, "model_not_found")]
    [InlineData("/v1/traces", "{}", 403, "scope_not_allowed")]
    [InlineData("/api/v1/envelopes", "{}", 403, "scope_not_allowed")]
    [InlineData("/api/v1/orgs/poor/keys", "{}", 403, "forbidden")]
    [InlineData("/api/v1/orgs/acme/keys", "{}", 404, "org_not_found")]
    [InlineData("/api/v1/nowhere", "{}", 404, "not_found")]
    [InlineData("/v1/nowhere", "{}", 404, "not_found")]
    public async Task A_request_refused_at_any_door_is_found_by_its_correlation_id_and_counted(string path, string body, int status, string code)
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"poor","asset":"USD","billing":"prepaid"}""");
        var key = (await world.OkAsync(HttpMethod.Post, "/orgs/poor/keys", """{"scopes":["chat","messages","read.usage"]}""")).GetProperty("key").GetString()!;
        using var answer = await SendAsync(world, path, body, key, "corr-refused");
        Assert.True(status == (int)answer.StatusCode, $"{answer.StatusCode} {await answer.Content.ReadAsStringAsync(Stop)}");
        Assert.Contains(Log(world).Counts, count => count == (status, code, 1));
        if (path.EndsWith("/nowhere", StringComparison.Ordinal)) key = ApiWorld.Admin;
        var trace = await TraceAsync(world, "corr-refused", key);
        var step = Assert.Single(trace.GetProperty("steps").EnumerateArray());
        Assert.Equal("refused", step.GetProperty("kind").GetString());
        Assert.StartsWith($"{status} {code}: POST ", step.GetProperty("what").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain(key, trace.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_there_is_no_balance_for_is_found_by_its_correlation_id()
    {
        await using var world = await World.StartAsync(topUp: "0.000001");
        using var answer = await world.ChatAsync(World.Hello, $"{Correlation.Header}: corr-poor");
        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        await World.SoonAsync(async () => await world.Ledger.RefusedRequests.FindAsync(
            World.Org, "corr-poor", default, 10, Stop) is [{ Status: 402, Code: "insufficient_balance", Token: "key-1" }], "the refused request is stored");
    }

    [Fact]
    public async Task A_tenant_sees_its_own_refused_requests_only_and_those_of_strangers_are_the_platforms()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"postpaid"}""");
        var ((_, own), (_, theirs)) = (await world.KeyAsync(), await world.KeyAsync("other"));
        using (await SendAsync(world, "/api/v1/orgs/other/keys", "{}", own, "corr-own")) { }
        using (await SendAsync(world, "/v1/chat/completions", "{}", "tk_of-a-stranger", "corr-stranger")) { }
        Assert.Equal("acme", (await TraceAsync(world, "corr-own", own)).GetProperty("org").GetString());
        Assert.Equal(JsonValueKind.Null, (await TraceAsync(world, "corr-stranger", ApiWorld.Admin)).GetProperty("org").ValueKind);
        foreach (var (path, token) in new[] { ("/trace/corr-own", theirs), ("/orgs/acme/trace/corr-own", theirs), ("/orgs/other/trace/corr-own",
            ApiWorld.Admin), ("/trace/corr-stranger", own), ("/orgs/acme/trace/corr-stranger", ApiWorld.Admin) })
        {
            using var hidden = await world.SendAsync(HttpMethod.Get, path, token: token);
            Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        }

        var run = await world.RunAsync("trace", "corr-stranger");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("401 invalid_api_key: POST /v1/chat/completions by nobody known from 127.0.0.1", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("stranger from", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_count_every_refused_request_by_status_and_code()
    {
        await using var world = await ApiWorld.StartAsync();
        for (var i = 0; i < RefusedLog.LinesBurst + 20; i++)
        {
            using var refused = await world.SendAsync(HttpMethod.Get, "/orgs", token: "");
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics") { Headers = { Authorization = new("Bearer", ApiWorld.Admin) } };
        using var answer = await world.Http.SendAsync(request, Stop);
        Assert.Contains($$"""tieout_requests_refused_total{status="401",code="unauthorized"} {{RefusedLog.LinesBurst + 20}}""",
            await answer.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_is_answered_leaves_no_refusal()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.GetAsync("/orgs");
        using var malformed = await world.SendAsync(HttpMethod.Post, "/orgs", "{");
        Assert.Equal(HttpStatusCode.BadRequest, malformed.StatusCode);
        Assert.Empty(Log(world).Counts);
    }

    [Fact]
    public void Above_a_rate_log_lines_are_left_out_and_counted()
    {
        var (rate, now) = (new SampleRate(burst: 3, perSecond: 2), DateTimeOffset.UnixEpoch);
        Assert.Equal([true, true, true, false, false], Enumerable.Range(0, 5).Select(_ => rate.Take(now)));
        Assert.Equal(2, rate.TakeLeftOut());
        Assert.Equal(0, rate.TakeLeftOut());
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => rate.Take(now.AddSeconds(1))));
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => rate.Take(now.AddDays(1))));
    }

    private static RefusedLog Log(ApiWorld world) => world.Server.Services.GetRequiredService<RefusedLog>();

    private static Task<HttpResponseMessage> SendAsync(ApiWorld world, string path, string body, string token, string correlation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", token);
        request.Headers.Add(Correlation.Header, correlation);
        return world.Http.SendAsync(request, Stop);
    }

    /// <summary>Rows are stored once a second.</summary>
    private static async Task<JsonElement> TraceAsync(ApiWorld world, string id, string token)
    {
        for (var looks = 0; ; looks++)
        {
            using var answer = await world.SendAsync(HttpMethod.Get, $"/trace/{id}", token: token);
            if (answer.IsSuccessStatusCode || looks == 100) return await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(Stop);
            await Task.Delay(50, Stop);
        }
    }
}
