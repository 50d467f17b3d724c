using System.Text.Json;
using System.Threading.Channels;
using Tieout.Client;
using Tieout.Core.Money;
using Tieout.SampleWorker;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Attribution;

/// <summary>The sample's queues, hops and workers against a real gateway: the right tenant is charged, or nobody, and the audit finds what happened.</summary>
public sealed class SampleWorkerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: A1 and A2 through a queue, an honest hop, retries and a change of the executor. Method: the provider fails four times, so the first worker gives up
    // and the second one goes on; the operation is one envelope to the end, and all of it is acme's.
    [Fact]
    public async Task A1_A2_an_operation_that_two_workers_carried_out_is_its_tenants_and_whole()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        await world.AddWorkerAsync("worker-8", "tk-of-worker-8", "acme");
        var token = await world.IssueAsync();

        var answers = await RunAsync(world, token, Hop.Honest, faults: 4);

        Assert.Equal([(200, token)], answers);
        var usage = await world.UsageAsync("acme");
        Assert.Equal(
            [("worker-7", 1), ("worker-7", 2), ("worker-7", 3), ("worker-8", 4), ("worker-8", 5)], usage.Select(row => (row.Usage.Labels.Key!, row.Usage.AttemptNo)));
        Assert.Empty(await world.UsageAsync("platform"));
        var audit = await AuditAsync(world, "acme");
        Assert.Equal((1, 1, "1", 5, 2, 5), (audit.Int("operations"), audit.Int("whole"), audit.GetProperty("share").GetRawText(), audit.Int("attempts"),
            audit.Int("hops"), audit.Int("by_others")));
        Assert.Empty(audit.GetProperty("findings").EnumerateArray());
        var steps = audit.GetProperty("sample").GetProperty("steps").EnumerateArray().ToList();
        Assert.Equal(7, steps.Count);
        Assert.Single(steps.Select(step => step.GetProperty("envelope_sha256").GetString()).Distinct());
        Assert.Equal(["worker-7", "worker-8"], steps.Select(step => step.GetProperty("executor").GetString()!).Distinct());
    }

    // Goal: a hop that rewrites the tenant, or puts another tenant's envelope in its place, charges nobody, and is found. Method: both, with the sample's hops.
    [Theory]
    [InlineData(true, "envelope_refused")]
    [InlineData(false, "identity_rebind")]
    public async Task A2_a_malicious_hop_charges_nobody_and_is_found(bool isRewritten, string code)
    {
        await using var world = await EnvelopeWorld.StartAsync();
        await world.AddWorkerAsync("worker-8", "tk-of-worker-8", "acme");
        var (token, stolen) = (await world.IssueAsync(), await world.IssueAsync("""{"operation_id":"op-b"}""", EnvelopeWorld.BetaSecret));

        var answers = await RunAsync(world, token, isRewritten ? Hop.RewriteTenant("acme", "beta") : Hop.ReplaceEnvelope(stolen), faults: 0, code);

        Assert.InRange(Assert.Single(answers).Status, 400, 499);
        foreach (var org in (string[])["acme", "beta", "platform"]) Assert.Empty(await world.UsageAsync(org));
        Assert.Equal(Amount.Parse("1000"), world.World.Read.Balance("beta")!.Balance);
        await World.SoonAsync(async () =>
        {
            var (_, list) = await world.ApiAsync("/findings?code=identity_rebind", body: null);
            return list.GetProperty("items").EnumerateArray().Any(item => item.GetProperty("detail").GetRawText().Contains("worker-7", StringComparison.Ordinal));
        }, "the rewrite is a finding");
        Assert.Equal(0, (await AuditAsync(world, "beta")).Int("operations"));
    }

    private static async Task<List<(int Status, string? Envelope)>> RunAsync(
        EnvelopeWorld world, string token, Func<Message, Message> hop, int faults, string? code = null)
    {
        var (first, second, third) = (Channel.CreateUnbounded<Message>(), Channel.CreateUnbounded<Message>(), Channel.CreateUnbounded<Message>());
        var headers = new Dictionary<string, string>();
        new OperationContext(token).WriteTo(headers);
        await first.Writer.WriteAsync(new("message-1", headers, World.Hello), Stop);
        first.Writer.Complete();
        await new Hop(first.Reader, second.Writer, hop).RunAsync(Stop);

        var failing = new Failing { Faults = faults };
        using var one = Gateway(world, EnvelopeWorld.WorkerSecret, failing);
        using var other = Gateway(world, "tk-of-worker-8", failing);
        var answers = new List<(int Status, string? Envelope)>();
        await new Worker(one, second.Reader, third.Writer).RunAsync(Answered, Stop);
        await new Worker(other, third.Reader, name: "retry-queue").RunAsync(Answered, Stop);
        return answers;

        void Answered(HttpResponseMessage response)
        {
            answers.Add(((int)response.StatusCode, OperationContext.From(response).Envelope));
            if (code is not null) Assert.Contains(code, response.Content.ReadAsStringAsync(Stop).GetAwaiter().GetResult(), StringComparison.Ordinal);
        }
    }

    private static HttpClient Gateway(EnvelopeWorld world, string secret, Failing failing)
    {
        var address = world.World.Http.BaseAddress!;
        var handler = new Failing { Shared = failing, InnerHandler = new SocketsHttpHandler { UseProxy = false } };
        var gateway = new HttpClient(new EnvelopeHandler(address) { InnerHandler = handler }) { BaseAddress = address };
        gateway.DefaultRequestHeaders.Authorization = new("Bearer", secret);
        return gateway;
    }

    private static async Task<JsonElement> AuditAsync(EnvelopeWorld world, string org)
    {
        var (status, audit) = await world.ApiAsync($"/lineage/audit?org={org}", body: null);
        Assert.True(status == 200, audit.ToString());
        return audit;
    }

    /// <summary>Makes the provider fail the first times.</summary>
    private sealed class Failing : DelegatingHandler
    {
        public int Faults { get; set; }

        public Failing? Shared { get; init; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var counter = Shared ?? this;
            if (!request.RequestUri!.AbsolutePath.StartsWith("/api/", StringComparison.Ordinal) && counter.Faults-- > 0) request.Headers.Add("X-Sim-Fault", "500");
            return base.SendAsync(request, cancellationToken);
        }
    }
}

file static class JsonFigures
{
    public static int Int(this JsonElement body, string name) => body.GetProperty(name).GetInt32();
}
