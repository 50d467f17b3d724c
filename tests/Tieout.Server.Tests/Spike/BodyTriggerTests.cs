using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Spike;

/// <summary>Mitigations of the triggers that only the body shows: work that is done again, and retries of tools.</summary>
public sealed class BodyTriggerTests
{
    [Fact]
    public async Task A_limit_of_recompute_limits_bodies_that_come_again()
    {
        await using var world = await StartAsync();
        await MitigationWorld.PutAsync(world, "again", "rate_limit", """{"requests":1}""", """{"trigger":"recompute"}""");
        foreach (var end in (string[])["200", "200", "429 mitigation_limited", "429 mitigation_limited"]) Assert.Equal(end, await ChatAsync(world, World.Hello));
        Assert.Equal("200", await ChatAsync(world, World.Hello.Replace("Hello", "Hallo", StringComparison.Ordinal)));
        Assert.Equal([null, "recompute", null], (await world.RecordedAsync(3)).Select(row => row.Usage.Labels.Trigger));
    }

    [Fact]
    public async Task A_budget_for_repeated_work_counts_bodies_that_come_again()
    {
        await using var world = await StartAsync();
        await MitigationWorld.PutAsync(world, "budget", "retry_budget", """{"percent":0,"floor":1}""");
        foreach (var end in (string[])["200", "200", "429 mitigation_retries"]) Assert.Equal(end, await ChatAsync(world, World.Hello));
    }

    [Fact]
    public async Task A_limit_of_tool_retries_limits_requests_that_bring_back_a_repeated_call()
    {
        await using var world = await StartAsync();
        await MitigationWorld.PutAsync(world, "tools", "rate_limit", """{"requests":1}""", """{"trigger":"tool_retry"}""");
        Assert.Equal("200", await ChatAsync(world, Repeated(1)));
        Assert.Equal("200", await ChatAsync(world, Repeated(2)));
        Assert.Equal("429 mitigation_limited", await ChatAsync(world, Repeated(3)));
        Assert.Equal([null, "tool_retry"], (await world.RecordedAsync(2)).Select(row => row.Usage.Labels.Trigger));
    }

    // A request that was refused was not made: the same one is none that comes again.
    [Fact]
    public async Task What_is_refused_is_not_remembered()
    {
        await using var world = await StartAsync();
        await MitigationWorld.PutAsync(world, "off", "off", "{}", """{"feature":"editor"}""");
        await MitigationWorld.PutAsync(world, "again", "rate_limit", """{"requests":1}""", """{"trigger":"recompute"}""");
        Assert.Equal("403 mitigation_off", await ChatAsync(world, World.Hello, "Tieout-Feature: editor"));
        Assert.Equal("200", await ChatAsync(world, World.Hello));
        Assert.Null(Assert.Single(await world.RecordedAsync(1)).Usage.Labels.Trigger);
    }

    private static Task<World> StartAsync() => World.StartAsync(change: options => options with
    {
        AdminToken = EnvelopeWorld.Admin,
        Gateway = options.Gateway with { RecomputeWindow = TimeSpan.FromMinutes(5) },
    });

    private static async Task<string> ChatAsync(World world, string body, params string[] headers)
    {
        using var response = await world.ChatAsync(body, headers);
        return await MitigationWorld.EndAsync(response);
    }

    /// <summary>A conversation in which a tool was called so many times with the same arguments.</summary>
    private static string Repeated(int calls) =>
        $$$"""{"model":"gpt-4o","messages":[{"role":"user","content":"Find it."}{{{string.Concat(Enumerable.Range(0, calls).Select(i => $$$$""",{"role":"assistant","content":null,"tool_calls":[{"id":"call_{{{{i}}}}","type":"function","function":{"name":"search","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_{{{{i}}}}","content":"no"}"""))}}}],"max_tokens":5}""";
}
