using System.Collections.Concurrent;
using System.Threading.Channels;
using Tieout.Client;
using Tieout.Core.Ledger;
using Tieout.SampleWorker;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Attribution;

/// <summary>The client package and the sample worker, against a real gateway.</summary>
public sealed class ClientTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A1_the_envelope_is_the_same_through_a_queue_and_every_try()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var token = await world.IssueAsync();
        var queue = Channel.CreateUnbounded<Message>();
        var headers = new Dictionary<string, string>();
        new OperationContext(token).WriteTo(headers);
        await queue.Writer.WriteAsync(
            new("message-1", headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value), World.Hello), Stop);
        queue.Writer.Complete();

        // The provider fails twice; the worker's third try is answered.
        var sent = new Recording { Faults = 2, InnerHandler = new SocketsHttpHandler { UseProxy = false } };
        using var gateway = new HttpClient(
            new EnvelopeHandler(world.World.Http.BaseAddress!) { InnerHandler = sent })
        { BaseAddress = world.World.Http.BaseAddress };
        gateway.DefaultRequestHeaders.Authorization = new("Bearer", EnvelopeWorld.WorkerSecret);
        var answers = new List<(int Status, string? Envelope)>();
        await new Worker(gateway, queue.Reader).RunAsync(response => answers.Add(((int)response.StatusCode, OperationContext.From(response).Envelope)), Stop);

        Assert.Equal([(200, token)], answers);
        Assert.Equal([(token, "1"), (token, "2"), (token, "3")], sent.Seen);
        Assert.Equal([1, 2, 3], (await world.UsageAsync("acme")).Select(row => row.Usage.AttemptNo));
        Assert.All(await world.UsageAsync("acme"), row => Assert.Equal("op-1", row.Usage.OperationId));
        Assert.Empty(await world.UsageAsync("platform"));
        var steps = await world.World.Read.LineageAsync("acme", "op-1", Stop);
        Assert.Equal([("message-1", LineageKind.Hop), (null, LineageKind.Attempt), (null, LineageKind.Attempt), (null, LineageKind.Attempt)],
            steps.Select(step => (step.Row.Step.Kind is LineageKind.Hop ? step.Row.Step.Id : null, step.Row.Step.Kind)));
    }

    [Fact]
    public void A1_what_goes_into_a_message_comes_out_of_it()
    {
        var headers = new Dictionary<string, string> { ["tieout-envelope"] = "of an earlier hop", ["Other"] = "stays" };

        new OperationContext("a.b.c", "op-1", 4).WriteTo(headers);

        Assert.Equal(["Other", "Tieout-Attempt", "Tieout-Envelope", "Tieout-Operation"], headers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(new OperationContext("a.b.c", "op-1", 4), OperationContext.ReadFrom(headers));
        Assert.Equal(new OperationContext(null), OperationContext.ReadFrom([]));
        Assert.Throws<FormatException>(() => OperationContext.ReadFrom([new("Tieout-Envelope", "a.b.c"), new("tieout-envelope", "x.y.z")]));
        foreach (var attempt in (string[])["0", "-1", "1.5", "", "many"])
        {
            Assert.Throws<FormatException>(() => OperationContext.ReadFrom([new("Tieout-Attempt", attempt)]));
        }

        Assert.DoesNotContain("a.b.c", new OperationContext("a.b.c", "op-1").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_envelope_goes_to_the_gateway_and_to_nobody_else()
    {
        var sent = new Recording { Answers = true };
        using var http = new HttpClient(new EnvelopeHandler(new Uri("http://gateway.example:4080")) { InnerHandler = sent });
        using var entered = new OperationContext("a.b.c").Enter();
        foreach (var url in (string[])["http://gateway.example:4080/v1/models", "http://gateway.example/v1/models", "https://gateway.example:4080/",
            "http://evil.example:4080/"])
        {
            using var response = await http.GetAsync(new Uri(url), Stop);
        }

        using var again = new HttpRequestMessage(HttpMethod.Get, "http://gateway.example:4080/");
        again.Headers.Add(OperationContext.EnvelopeHeader, "x.y.z");
        using var replaced = await http.SendAsync(again, Stop);

        Assert.Equal([("a.b.c", "1"), (null, null), (null, null), (null, null), ("a.b.c", "1")], sent.Seen);
    }

    [Fact]
    public async Task Flows_do_not_see_each_others_operations()
    {
        var seen = new ConcurrentBag<bool>();
        await Parallel.ForAsync(0, 50, Stop, async (i, _) =>
        {
            using (new OperationContext($"{i}.{i}.{i}").Enter())
            {
                await Task.Yield();
                using (OperationContext.Current!.NextAttempt().Enter()) seen.Add(OperationContext.Current == new OperationContext($"{i}.{i}.{i}", null, 2));
                seen.Add(OperationContext.Current == new OperationContext($"{i}.{i}.{i}"));
            }

            seen.Add(OperationContext.Current is null);
        });

        Assert.Equal(150, seen.Count(isSo => isSo));
    }

    /// <summary>Notes what leaves, and makes the provider fail the first times.</summary>
    private sealed class Recording : DelegatingHandler
    {
        public int Faults { get; set; }
        public bool Answers { get; init; }
        public List<(string? Envelope, string? Attempt)> Seen { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            // What the worker puts on record is no try.
            if (request.RequestUri!.AbsolutePath.StartsWith("/api/", StringComparison.Ordinal)) return base.SendAsync(request, cancellationToken);
            Seen.Add((Only(request, OperationContext.EnvelopeHeader), Only(request, OperationContext.AttemptHeader)));
            if (Faults-- > 0) request.Headers.Add("X-Sim-Fault", "500");
            return Answers ? Task.FromResult(new HttpResponseMessage()) : base.SendAsync(request, cancellationToken);
        }

        private static string? Only(HttpRequestMessage request, string name) =>
            request.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;
    }
}
