using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Ingest;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary><c>join</c>: is (tenant, workload, window) sufficient?</summary>
public sealed class JoinTests
{
    private static readonly string[] Range = ["--from", "2026-11-20", "--to", "2026-11-21"];

    [Fact]
    public async Task J1_join_says_how_much_cost_the_keys_would_give_to_the_wrong_tenant()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"beta","asset":"USD","billing":"postpaid"}""");
        var (own, other) = (Sending.Record("a", ""","feature":"chat","operation_id":"op-1" """), Sending.Record("b", ""","feature":"chat" """, org: "beta"));
        await world.UsageAsync($"[{own},{other}]");
        var right = "tenant,workload,window,operation_id,cost\nacme,chat,2026-11-20T08:30:00Z,op-1,5\nbeta,chat,2026-11-20T08:00:00Z,op-1,3\n";

        var run = await RunAsync(world, right, "--json");
        Assert.True(run.ExitCode == 1, run.Error);
        Assert.Equal(("3", 1), (run.Json.GetProperty("wrong").GetProperty("cost").GetString(), run.Json.GetProperty("wrong").GetProperty("rows").GetInt32()));
        var text = (await RunAsync(world, right)).Out;
        Assert.Contains("(tenant, workload, window) is not enough: 3 (37.50", text, StringComparison.Ordinal);

        var fine = await RunAsync(world, "tenant,workload,window,operation_id,cost\nacme,chat,2026-11-20T08:30:00Z,op-1,5\n");
        Assert.Equal(0, fine.ExitCode);
        Assert.Contains("is enough here", fine.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_cannot_be_joined_are_refused_with_one_sentence()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.UsageAsync($"[{Sending.Record("a")}]");
        foreach (var (right, keys, said) in new[]
        {
            ("tenant,cost\nacme,5\n", null, "The column 'workload' does not exist; the columns are tenant, cost."),
            ("tenant,pod,cost\nacme,x,5\n", "tenant,pod", "Usage has no column 'pod'."),
            ("tenant,window,cost\nacme,noon,5\n", "tenant,window", "'noon' is not a time"),
            ("tenant,cost\nacme,\"1,5\"\n", "tenant", "could mean two amounts"),
        })
        {
            var run = await RunAsync(world, right, keys is null ? [] : ["--keys", keys]);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(said, run.Error, StringComparison.Ordinal);
        }
    }

    private static async Task<CliRun> RunAsync(ApiWorld world, string right, params string[] more)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, right, TestContext.Current.CancellationToken);
            return await world.RunAsync(["join", "--right", file, .. Range, .. more]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
