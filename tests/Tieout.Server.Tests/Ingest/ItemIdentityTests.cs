using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Tieout.Server.Tests.Attribution;
using Tieout.Tests;

namespace Tieout.Server.Tests.Ingest;

/// <summary>Usage that a worker reports for a tenant: whose it is, the envelope says (A2), and it is a step of that envelope (A1).</summary>
public sealed class ItemIdentityTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static string Event(string id, string? envelope, string more = "") =>
        $$"""{"specversion":"1.0","id":"{{id}}","source":"worker","type":"ai.usage.attempt.v1","time":"{{Sending.At}}","data":{"provider":"openai","model":"gpt-4o","input_tokens":100,"output_tokens":20}{{(envelope is null ? "" : $",\"identityenvelope\":\"{envelope}\"")}}{{more}}}""";

    [Fact]
    public async Task A2_A1_a_worker_reports_usage_for_the_tenant_of_the_envelope_and_each_is_a_step_of_it()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        (await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}")).Dispose();

        var first = await SendAsync(world, $"[{Event("a", token)},{Event("b", token)}]");
        var second = await SendAsync(world, $"[{Event("b", token)},{Event("c", token)}]");

        Assert.Equal((2, 0), (Count(first, "accepted"), Count(first, "refused")));
        Assert.Equal((1, 1), (Count(second, "accepted"), Count(second, "replayed")));
        Assert.Equal(4, (await world.UsageAsync("acme")).Count(row => row.Usage is { OperationId: "op-1", WorkflowId: "wf-1" }));
        Assert.Empty(await world.UsageAsync("platform"));
        var operation = (await world.ApiAsync("/operations/op-1?org=acme", null)).Body;
        var lineage = Assert.Single(operation.GetProperty("lineage").EnumerateArray());
        Assert.True(lineage.GetProperty("intact").GetBoolean());
        Assert.Equal([1, 2, 3, 4], lineage.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("no").GetInt32()));
        Assert.All(lineage.GetProperty("steps").EnumerateArray(), step => Assert.Equal("worker-7", step.GetProperty("executor").GetString()));
    }

    [Fact]
    public async Task A2_the_envelope_of_the_call_counts_for_items_without_one_of_their_own()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var (own, other) = (await world.IssueAsync(), await world.IssueAsync("""{"operation_id":"op-2"}"""));

        var taken = await SendAsync(world, $"[{Event("a", null)},{Event("b", other)}]", envelope: own);

        Assert.Equal(2, Count(taken, "accepted"));
        Assert.Equal(["op-1", "op-2"], (await world.UsageAsync("acme")).Select(row => row.Usage.OperationId).Order(StringComparer.Ordinal));
    }

    // What is reported is spent already. So an expired envelope, which still says whose it is, is enough; nothing weaker is.
    [Fact]
    public async Task A2_an_expired_envelope_attributes_what_a_worker_reports_though_it_authorises_nothing()
    {
        var time = new AheadClock();
        await using var world = await EnvelopeWorld.StartAsync(time);
        var token = await world.IssueAsync();
        time.Ahead = TimeSpan.FromDays(2);

        using (var call = await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {token}")) Assert.Equal(403, (int)call.StatusCode);
        Assert.Equal(1, Count(await SendAsync(world, $"[{Event("a", token)}]"), "accepted"));
        Assert.Equal("op-1", Assert.Single(await world.UsageAsync("acme")).Usage.OperationId);
    }

    [Theory]
    [InlineData("none", "envelope_required", null)]
    [InlineData("rewritten", "envelope_refused", "SignatureWrong")]
    [InlineData("foreign", "identity_rebind", "TenantForeign")]
    [InlineData("said otherwise", "identity_rebind", "TenantRewritten")]
    public async Task A2_a_worker_reports_for_nobody_without_the_tenants_own_envelope(string what, string code, string? cause)
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = what switch
        {
            "none" => null,
            "rewritten" => EnvelopeWorld.Rewritten(await world.IssueAsync(), "acme", "beta"),
            "foreign" => await world.IssueAsync(token: EnvelopeWorld.BetaSecret),
            _ => await world.IssueAsync(),
        };

        var taken = await SendAsync(world, $"[{Event("a", token, what == "said otherwise" ? ",\"subject\":\"beta\"" : "")}]");

        Assert.Equal(code, Assert.Single(taken.GetProperty("items").EnumerateArray()).GetProperty("code").GetString());
        foreach (var org in (string[])["acme", "beta", "platform"]) Assert.Empty(await world.UsageAsync(org));
        if (cause is null) return;
        for (var i = 0; (await world.World.Read.FindingsAsync(null, 10, Stop)).Count == 0; i++)
        {
            Assert.True(i < 500, "No finding came.");
            await Task.Delay(10, Stop);
        }

        Assert.Contains(JsonNamingPolicy.SnakeCaseLower.ConvertName(cause), Assert.Single(await world.World.Read.FindingsAsync(null, 10, Stop)).Detail,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_platform_may_speak_for_any_org_but_not_against_an_envelope()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();

        var taken = await SendAsync(world,
            $"[{Event("a", token)},{Event("b", token, ",\"subject\":\"beta\"")},{Event("c", "e30.e30.e30", ",\"subject\":\"acme\"")}]", EnvelopeWorld.Admin);

        Assert.Equal((1, 2), (Count(taken, "accepted"), Count(taken, "refused")));
        Assert.Equal(["identity_rebind", "envelope_refused"], taken.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("code").GetString()));
    }

    private static int Count(JsonElement taken, string status) => taken.GetProperty(status).GetInt32();

    private static async Task<JsonElement> SendAsync(EnvelopeWorld world, string body, string token = EnvelopeWorld.WorkerSecret, string? envelope = null)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, "/api/v1/events")
        { Content = new StringContent(body, Encoding.UTF8, "application/cloudevents-batch+json") };
        request.Headers.Authorization = new("Bearer", token);
        if (envelope is not null) request.Headers.Add("Tieout-Envelope", envelope);
        using var response = await world.World.Http.SendAsync(request, Stop);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Stop));
        return await response.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }
}
