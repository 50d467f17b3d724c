using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Configuration;
using Tieout.Server.Governor;
using Tieout.Server.Tests.BadInput;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Governor;

/// <summary>Requests and their bodies have a place before their first byte is read, or an answer that says which limit they are above.</summary>
public sealed class BodyTests
{
    private static readonly string Large = $$"""{"model":"gpt-4o","messages":[{"role":"user","content":"{{new string('x', 20_000)}}"}],"max_tokens":10}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_body_has_room_before_its_first_byte_is_read()
    {
        await using var world =
            await World.StartAsync(change: options => options with { Governor = options.Governor with { BodyBytes = new(300_000, 200_000, 100_000) } });
        var occupancy = world.Server.Services.GetRequiredService<Occupancy>();
        await using (var slow = await RawClient.ConnectAsync(world.Server.Urls.First()))
        {
            Assert.True(await slow.TrySendAsync(Head("Content-Length: 90000\r\n\r\n{")));
            await UntilAsync(() => occupancy.Taken(Resource.BodyBytes) == 90_000);

            using var refused = await world.ChatAsync(Large);
            await AssertRefusedAsync(
                refused, HttpStatusCode.TooManyRequests, "occupancy_exceeded", "100000 bytes of request bodies in memory (governor.body_bytes_per_caller)");
            Assert.Equal(90_000, occupancy.Taken(Resource.BodyBytes));
            Assert.Equal(1, occupancy.Refused(Resource.BodyBytes, ShareHolder.Caller));
            using var small = await world.ChatAsync(World.Hello);
            Assert.Equal(HttpStatusCode.OK, small.StatusCode);
        }

        await UntilAsync(() => occupancy.Taken(Resource.BodyBytes) == 0 && occupancy.Taken(Resource.Requests) == 0);
        using var after = await world.ChatAsync(Large);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
        Assert.Single(world.Bill.Calls(), call => call.PromptTokens > 100);
    }

    [Fact]
    public async Task A_body_without_a_length_is_counted_as_it_comes()
    {
        await using var world =
            await World.StartAsync(change: options => options with { Governor = options.Governor with { BodyBytes = new(30_000, 20_000, 10_000) } });
        using var request = new HttpRequestMessage(
            HttpMethod.Post, "/v1/chat/completions")
        { Content = new StringContent(Large, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new("Bearer", World.Secret);
        request.Headers.TransferEncodingChunked = true;

        using var refused = await world.Http.SendAsync(request, Stop);

        await AssertRefusedAsync(refused, HttpStatusCode.TooManyRequests, "occupancy_exceeded", "governor.body_bytes_per_caller");
        Assert.Equal(0, world.Server.Services.GetRequiredService<Occupancy>().Taken(Resource.BodyBytes));
        Assert.Empty(world.Bill.Calls());
    }

    [Fact]
    public async Task What_a_packed_body_unpacks_to_counts()
    {
        await using var world =
            await ApiWorld.StartAsync(options => options with { Governor = options.Governor with { BodyBytes = new(900_000, 600_000, 300_000) } });
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.ASCII.GetBytes($"[{new string(' ', 1_000_000)}]"), Stop);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/usage") { Content = new ByteArrayContent(packed.ToArray()) };
        request.Headers.Authorization = new("Bearer", ApiWorld.Admin);
        request.Content.Headers.ContentType = new("application/json");
        request.Content.Headers.ContentEncoding.Add("gzip");

        using var refused = await world.Http.SendAsync(request, Stop);

        Assert.Equal("occupancy_exceeded", await ApiWorld.CodeAsync(refused, HttpStatusCode.TooManyRequests));
        Assert.Equal(0, world.Server.Services.GetRequiredService<Occupancy>().Taken(Resource.BodyBytes));
    }

    [Fact]
    public async Task Requests_in_flight_have_a_limit_for_each_caller()
    {
        await using var world = await World.StartAsync(change: options => options with { Governor = options.Governor with { Requests = new(4, 3, 1) } });
        await world.AddKeyAsync("tk-of-another", "key-2");
        var occupancy = world.Server.Services.GetRequiredService<Occupancy>();
        await using var slow = await RawClient.ConnectAsync(world.Server.Urls.First());
        Assert.True(await slow.TrySendAsync(Head("Content-Length: 9000\r\n\r\n{")));
        await UntilAsync(() => occupancy.Taken(Resource.Requests) == 1);

        using var refused = await world.ChatAsync(World.Hello);
        await AssertRefusedAsync(refused, HttpStatusCode.TooManyRequests, "occupancy_exceeded", "1 requests in flight (governor.requests_per_caller)");

        using var other = new HttpRequestMessage(
            HttpMethod.Post, "/v1/chat/completions")
        { Content = new StringContent(World.Hello, Encoding.UTF8, "application/json") };
        other.Headers.Authorization = new("Bearer", "tk-of-another");
        using var answered = await world.Http.SendAsync(other, Stop);
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        Assert.Contains("tieout_governor_refused_total{resource=\"requests\",holder=\"caller\"} 1", await world.Operations.GetStringAsync("/metrics", Stop),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_of_an_org_have_a_limit_and_deleting_one_makes_room()
    {
        await using var world = await World.StartAsync(change: options => options with { Governor = options.Governor with { ObjectsPerOrg = 1 } });
        var line = BatchesWorld.Line("a") + "\n";
        using var first = await world.UploadAsync(line);
        var id = (await first.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("id").GetString();

        using var refused = await world.UploadAsync(line);
        var error = (await refused.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("error");
        Assert.Equal((HttpStatusCode.Conflict, "too_many_objects"), (refused.StatusCode, error.GetProperty("code").GetString()));
        Assert.Contains("has 1 objects", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, world.Server.Services.GetRequiredService<Occupancy>().Taken(Resource.UploadBytes));

        (await world.SendAsync(HttpMethod.Delete, $"/v1/files/{id}")).Dispose();
        using var again = await world.UploadAsync(line);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public void A_share_is_given_back_whole_whoever_refused()
    {
        var occupancy = new Occupancy(new GovernorOptions { Requests = new(3, 2, 2) });
        Visit[] visits = [occupancy.Begin("a", "k1"), occupancy.Begin("a", "k2"), occupancy.Begin("a", "k3"), occupancy.Begin("b", "k1"),
            occupancy.Begin("c", "k1")];

        Assert.Equal([null, null, ShareHolder.Org, null, ShareHolder.All], visits.Select(visit => visit.TryTake(Resource.Requests, 1)?.Holder));
        visits[0].Dispose();
        Assert.Null(visits[2].TryTake(Resource.Requests, 1));
        foreach (var visit in visits) visit.Dispose();
        using var refusedBefore = occupancy.Begin("c", "k2");
        Assert.Null(refusedBefore.TryTake(Resource.Requests, 2));
        refusedBefore.Dispose();
        Assert.Equal(0, occupancy.Taken(Resource.Requests));
        Assert.Equal(ShareHolder.Caller, occupancy.Begin("a", "k1").TryTake(Resource.Requests, 3)?.Holder);
    }

    private static byte[] Head(string rest) =>
        Encoding.ASCII.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {World.Secret}\r\n{rest}");

    private static async Task AssertRefusedAsync(HttpResponseMessage response, HttpStatusCode status, string code, string detail)
    {
        var error = (await response.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("error");
        Assert.Equal((status, code, "1"), (response.StatusCode, error.GetProperty("code").GetString(), response.Headers.RetryAfter?.ToString()));
        Assert.Contains(detail, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var i = 0; i < 200 && !isSo(); i++) await Task.Delay(50, Stop);
        Assert.True(isSo());
    }
}
