using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Outbox;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Api;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Guessing at the doors of a whole server.</summary>
public sealed class GuessingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guessing_is_slowed_down_counted_and_reported_once_and_stops_nobody_who_works_there()
    {
        await using var world = await ApiWorld.StartAsync(options => options with { Doors = new() { WrongCredentials = 3 } });
        var (_, fresh) = await world.KeyAsync();
        var alerts = world.Server.Services.GetRequiredService<Alerts>();
        alerts.Look();
        for (var i = 0; i < 3; i++)
        {
            using var wrong = await world.SendAsync(HttpMethod.Get, "/orgs/acme", token: $"wrong-{i}");
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        }

        foreach (var token in new[] { "wrong-4", fresh })
        {
            using var refused = await world.SendAsync(HttpMethod.Get, "/orgs/acme", token: token);
            Assert.Equal("too_many_attempts", await ApiWorld.CodeAsync(refused, HttpStatusCode.TooManyRequests));
            Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Headers = { Authorization = new("Bearer", token) } };
            using var gateway = await world.Http.SendAsync(request, Stop);
            Assert.Equal(HttpStatusCode.TooManyRequests, gateway.StatusCode);
        }

        // The admin's token was accepted from here before.
        await world.GetAsync("/orgs");
        var guesses = world.Server.Services.GetRequiredService<GuessTable>();
        Assert.Equal((3, 4), (guesses.Wrong, guesses.Delayed));
        for (var i = 0; i < 3; i++) alerts.Look();
        for (var looks = 0; looks < 100 && !(await AlertsAsync()).Contains("alert.guessing"); looks++) await Task.Delay(50, Stop);
        Assert.Equal(["alert.guessing"], await AlertsAsync());

        async Task<List<string>> AlertsAsync() =>
            [.. (await world.Ledger.Read.OutboxAsync(null, 0, 1_000, Stop)).Select(row => row.Type).Where(type => type.StartsWith("alert.", StringComparison.Ordinal))];
    }
}
