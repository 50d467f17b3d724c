using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Ledger;
using Tieout.Server.Gateway.Signals;
using Tieout.Storage;

namespace Tieout.Server.Tests.Gateway;

/// <summary>What requests and answers are like is counted by the hour, for every dialect.</summary>
public sealed class TrafficSignalsTests
{
    private const string Chat = "/v1/chat/completions", Messages = "/v1/messages", Gemini = "/v1beta/models/gemini-2.5-flash:generateContent";

    private const string Claude = """{"model":"claude-sonnet-4-5","max_tokens":40,"messages":[{"role":"user","content":"Hi"}]}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: an answer's end and a request's program have one word each, whatever the dialect. Method: a call or two of each dialect, whole and streamed, by
    // programs of each class.
    [Fact]
    public async Task Requests_and_answers_are_counted_by_feature_agent_and_finish_reason()
    {
        await using var world = await DialectsWorld.StartAsync();
        await SendAsync(Chat, World.Hello, "User-Agent: curl/8", "Tieout-Feature: search");
        await SendAsync(Chat, World.HelloStream, "x-stainless-lang: python", "Tieout-Feature: search");
        await SendAsync(Messages, Claude, "User-Agent: Mozilla/5.0 (X11)");
        await SendAsync(Messages, Claude.Replace("\"max_tokens\"", "\"stream\":true,\"max_tokens\"", StringComparison.Ordinal), "User-Agent: Uptimebot/1");
        await SendAsync(Gemini, """{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}""");

        var counts = await CountsAsync(world);
        Assert.Equal(
            ["(none) agent bot 1", "(none) agent browser 1", "(none) agent other 1", "search agent other 1", "search agent sdk 1"],
            counts.Where(count => count.Contains(" agent ", StringComparison.Ordinal)));
        Assert.Equal(["(none) finish stop 3", "search finish stop 2"], counts.Where(count => count.Contains(" finish ", StringComparison.Ordinal)));

        async Task SendAsync(string path, string body, params string[] headers)
        {
            var text = await (await world.PostAsync(path, body, [.. headers, $"Authorization: Bearer {World.Secret}"])).TextAsync();
            Assert.DoesNotContain("\"error\"", text, StringComparison.Ordinal);
        }
    }

    // Goal: counts are recorded whole, each once. Method: calls before, between and after two recordings; a store that is away in between.
    [Fact]
    public async Task What_was_recorded_grows_and_a_store_that_was_away_loses_nothing()
    {
        await using var world = await World.StartAsync();
        await (await world.ChatAsync(World.Hello)).TextAsync();
        Assert.Contains("(none) agent other 1", await CountsAsync(world));
        await (await world.ChatAsync(World.Hello)).TextAsync();
        world.Ledger.Broken = command => command is Command.AddRecord { Kind: RecordKind.SignalHour };
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Signals(world).RecordAsync(Stop));
        world.Ledger.Broken = null;
        Assert.Contains("(none) agent other 2", await CountsAsync(world));
        Assert.Contains("(none) agent other 2", await CountsAsync(world));
    }

    private static TrafficSignals Signals(World world) => world.Server.Services.GetRequiredService<TrafficSignals>();

    private static async Task<IReadOnlyList<string>> CountsAsync(World world)
    {
        await Signals(world).RecordAsync(Stop);

        // A test that runs over the end of an hour has two records.
        var counts = await world.Read.AllRecordsAsync(RecordKind.SignalHour, World.Org, Stop)
            .SelectMany(row => SignalHour.Parse(row.Body).Counts).ToListAsync(Stop);
        return
        [
            .. counts.GroupBy(count => (count.Feature, count.Signal, count.Value))
                .Select(group => (group.Key.Feature.Length == 0 ? "(none)" : group.Key.Feature)
                    + $" {group.Key.Signal} {group.Key.Value} {group.Sum(count => count.Count)}")
                .Order(StringComparer.Ordinal),
        ];
    }
}
