using System.Net;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Tests.Outage;

/// <summary>Whatever reading of the store fails, at whatever address, the answer is never that the server is broken.</summary>
public sealed class EveryReadingAwayTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: database errors were answered with 500 internal_error on some ways. Method: each member of the reader in turn is away; all addresses are asked that
    // only read, and those of the gateway.
    [Fact]
    public async Task S1_no_address_answers_500_whatever_reading_of_the_store_fails()
    {
        await using var world = await World.StartAsync(change: options => options with { AdminToken = ApiWorld.Admin });
        var asked = MappedRoute.Of(world.Server).Where(route => route.Method == "GET" || route.Pattern.StartsWith("/v1", StringComparison.Ordinal)).ToList();
        var members = typeof(ILedgerReader).GetInterfaces().SelectMany(slice => slice.GetMethods())
            .Where(method => method.Name != $"get_{nameof(ILedgerReader.StaleFor)}")
            .Select(method => method.Name.Replace("get_", "", StringComparison.Ordinal)).Distinct().ToList();
        var (wrong, away) = (new List<string>(), 0);
        foreach (var member in members)
        {
            world.Ledger.Reader = AwayReader.Of(world.Ledger.Inner.Read, stale: null, member);
            await Parallel.ForEachAsync(asked, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Stop }, async (route, _) =>
            {
                using var request = new HttpRequestMessage(new(route.Method), route.Address(World.Org));
                request.Headers.Authorization = new("Bearer", route.Pattern.StartsWith("/v1", StringComparison.Ordinal) ? World.Secret : ApiWorld.Admin);
                if (route.Method == "POST") request.Content = new StringContent(World.Hello, System.Text.Encoding.UTF8, "application/json");
                using var answer = await world.Http.SendAsync(request, Stop);
                var text = await answer.Content.ReadAsStringAsync(Stop);
                if (answer.StatusCode is HttpStatusCode.ServiceUnavailable) Interlocked.Increment(ref away);
                if (answer.StatusCode is not HttpStatusCode.InternalServerError && !text.Contains("internal_error", StringComparison.Ordinal)) return;
                lock (wrong) wrong.Add($"{route.Method} {route.Pattern} without {member}: {(int)answer.StatusCode} {text}");
            });
        }

        Assert.Equal("", string.Join('\n', wrong));
        Assert.True(away > 100, $"Only {away} answers met the outage.");
    }
}
