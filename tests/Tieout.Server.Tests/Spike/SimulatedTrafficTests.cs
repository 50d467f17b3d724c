using System.Text.Json;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Spike;

/// <summary>Generated traffic that is handed in to a server with its costs: the report names what was planted.</summary>
public sealed class SimulatedTrafficTests
{
    // Goal: costs that are stated are told apart by classes of tokens: by the price list that comes with the traffic. Method: the whole way, from the command
    // that hands in nine days with a planted cause to the command that explains them.
    [Theory]
    [InlineData("cache_prefix", 1, "cache_miss")]
    [InlineData("list_price", 1, "list_price")]
    public async Task The_planted_cause_is_named(string scenario, int seed, string cause)
    {
        await using var world = await ApiWorld.StartAsync();
        var handed = await world.RunAsync("--json", "simulate-traffic", scenario, "--seed", $"{seed}", "--requests", "60");
        Assert.True(handed.ExitCode == 0, handed.Error);
        using var said = JsonDocument.Parse(handed.Out);
        var spike = await world.GetAsync($"/spike?asset=USD&at={said.RootElement.GetProperty("at").GetString()}");
        Assert.Equal("sustained", spike.GetProperty("verdict").GetString());
        Assert.Equal(cause, spike.GetProperty("causes")[0].GetProperty("cause").GetString());
        Assert.Equal(0, spike.GetProperty("estimated_percent").GetInt32());
    }
}
