using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Configuration;
using Tieout.Server.Hosting;
using Tieout.Server.Outbox;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Guessing at the doors of a whole server.</summary>
public sealed class GuessingTests
{
    private const int Free = 3;
    private const string LongAdmin = "0123456789abcdef0123456789abcdef";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_sends_wrong_credentials_is_told_to_wait_counted_and_reported_once_and_stops_nobody_behind_the_same_address()
    {
        await using var world = await StartAsync();
        var (_, right) = await world.KeyAsync();
        var alerts = world.Server.Services.GetRequiredService<Alerts>();
        await alerts.LookAsync(Stop);
        for (var i = 0; i < 2 * Free; i++)
        {
            using var wrong = await world.SendAsync(HttpMethod.Get, "/orgs/acme", token: $"wrong-{i}");
            if (i < Free) Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
            else await WaitsAsync(wrong);
            await world.GetAsync("/orgs/acme", right);
            await world.GetAsync("/orgs");
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, await AtGatewayAsync(world.Http, "wrong"));
        Assert.NotEqual(HttpStatusCode.TooManyRequests, await AtGatewayAsync(world.Http, right));
        var guesses = world.Server.Services.GetRequiredService<GuessTable>();
        Assert.Equal((7, 0), (guesses.Wrong, guesses.Unseen));
        for (var i = 0; i < 3; i++) await alerts.LookAsync(Stop);
        for (var looks = 0; looks < 100 && !(await AlertsAsync()).Contains("alert.guessing"); looks++) await Task.Delay(50, Stop);
        Assert.Equal(["alert.guessing"], await AlertsAsync());

        async Task<List<string>> AlertsAsync() =>
            [.. (await world.Ledger.Read.OutboxAsync(null, 0, 1_000, Stop)).Select(row => row.Type).Where(
                type => type.StartsWith("alert.", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task Who_knows_the_beginning_of_a_key_and_guesses_the_rest_waits_at_every_door_even_with_the_right_key()
    {
        await using var world = await StartAsync();
        var (_, guessed) = await world.KeyAsync();
        var (_, other) = await world.KeyAsync();
        for (var i = 0; i < Free; i++)
        {
            using var wrong = await world.SendAsync(HttpMethod.Get, "/orgs/acme", token: guessed[..^4] + $"---{i}");
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        }

        using var refused = await world.SendAsync(HttpMethod.Get, "/orgs/acme", token: guessed);
        await WaitsAsync(refused);
        Assert.Equal(HttpStatusCode.TooManyRequests, await AtGatewayAsync(world.Http, guessed));
        await world.GetAsync("/orgs/acme", other);
        var guesses = world.Server.Services.GetRequiredService<GuessTable>();
        Assert.Equal((Free, 2), (guesses.Wrong, guesses.Unseen));
    }

    [Fact]
    public async Task Who_mistypes_a_key_again_and_again_does_not_stop_the_right_one()
    {
        await using var world = await StartAsync();
        var (_, right) = await world.KeyAsync();
        var mistyped = right[..^1] + (right[^1] == 'a' ? 'b' : 'a');
        for (var i = 0; i < 2 * Free; i++)
        {
            using var wrong = await world.SendAsync(HttpMethod.Get, "/orgs/acme", token: mistyped);
            Assert.Equal(i < Free ? HttpStatusCode.Unauthorized : HttpStatusCode.TooManyRequests, wrong.StatusCode);
            Assert.Contains("mistyped", await wrong.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        }

        await world.GetAsync("/orgs/acme", right);
    }

    [Fact]
    public async Task After_a_restart_a_guesser_stops_neither_a_right_key_nor_the_admin_behind_the_same_address()
    {
        await using var world = await StartAsync();
        var (_, right) = await world.KeyAsync();
        await using var restarted = await AgainAsync(world);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(restarted.Urls.First()) };
        for (var i = 0; i < 3 * Free; i++)
        {
            Assert.Equal(
                i < Free ? HttpStatusCode.Unauthorized : HttpStatusCode.TooManyRequests, await GetAsync(http, $"tk_{i:D8}-and-the-rest-of-what-nobody-has"));
        }

        Assert.Equal(HttpStatusCode.OK, await GetAsync(http, right));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(http, LongAdmin));
    }

    [Fact]
    public async Task Who_guesses_the_rest_of_the_admin_token_waits_even_with_the_right_one()
    {
        await using var world = await StartAsync();
        var (_, right) = await world.KeyAsync();
        await using var server = await AgainAsync(world);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(server.Urls.First()) };
        for (var i = 0; i < Free; i++) Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(http, LongAdmin[..^4] + $"{i:D4}"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await GetAsync(http, LongAdmin));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(http, right));
    }

    private static Task<ApiWorld> StartAsync() => ApiWorld.StartAsync(options => options with { Doors = new() { WrongCredentials = Free } });

    /// <summary>The same book served by a server that was just started.</summary>
    private static async Task<WebApplication> AgainAsync(ApiWorld world)
    {
        await world.Server.StopAsync(Stop);
        var options = new ServerOptions
        {
            Listen = "http://127.0.0.1:0",
            Data = world.Folder.CreateSubdirectory("again").FullName,
            AdminToken = LongAdmin,
            Doors = new() { WrongCredentials = Free }
        };
        var server = TieoutServer.Build(options, world.Ledger);
        await server.StartAsync(Stop);
        return server;
    }

    private static async Task WaitsAsync(HttpResponseMessage response)
    {
        Assert.Equal("too_many_attempts", await ApiWorld.CodeAsync(response, HttpStatusCode.TooManyRequests));
        Assert.InRange(int.Parse(response.Headers.GetValues("Retry-After").Single(), null), 1, 60);
    }

    private static async Task<HttpStatusCode> GetAsync(HttpClient http, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/orgs/acme") { Headers = { Authorization = new("Bearer", token) } };
        using var response = await http.SendAsync(request, Stop);
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode> AtGatewayAsync(HttpClient http, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Headers = { Authorization = new("Bearer", token) } };
        using var response = await http.SendAsync(request, Stop);
        return response.StatusCode;
    }
}
