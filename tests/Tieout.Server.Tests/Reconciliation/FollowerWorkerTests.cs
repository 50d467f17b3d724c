using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Server.Tests.Reconciliation;

/// <summary>What the store's own figures say otherwise than their rows is a finding within seconds, with nobody asking, and ends when it is right again
/// (Q1).</summary>
public sealed class FollowerWorkerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Method: a cell is changed in the file, as a bug of the writer would; the next charge goes into it. Then the change is taken back.
    [Fact]
    public async Task A_cell_that_a_bug_moved_is_a_finding_until_it_is_right_again()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("3", operation: "op-1");
        await world.CountedAsync();
        Assert.Equal((0, 0), (await DriftAsync(world), (await OpenAsync(world)).Count));

        Execute(world, "UPDATE cells SET charge = charge + 7000000000");
        await world.ChargeAsync("2", operation: "op-2");
        await World.SoonAsync(async () => (await OpenAsync(world)).Count == 1, "the finding is open");
        var said = Assert.Single(await OpenAsync(world)).Finding;
        Assert.Equal(("cell_drift", "acme", "12", "5"), (said.Code, said.Finding!.Scope.Org, said.Finding.Left.ToString(), said.Finding.Right.ToString()));
        Assert.Equal(1, await DriftAsync(world));

        Execute(world, "UPDATE cells SET charge = charge - 7000000000");
        await World.SoonAsync(async () => (await OpenAsync(world)).Count == 0, "the finding has ended");
        Assert.Equal(0, await DriftAsync(world));
    }

    private static async Task<int> DriftAsync(ApiWorld world) => (await world.RunAsync("health", "--json")).Json.GetProperty("drift").GetInt32();

    private static async Task<List<KeptRow>> OpenAsync(ApiWorld world) =>
        await new FindingsKept(world.Ledger).AllAsync("acme", Cancel).Where(row => row.IsOpen).ToListAsync(Cancel);

    private static void Execute(ApiWorld world, string sql)
    {
        using var file = RawConnection.Open(Path.Combine(world.Folder.FullName, "tieout.db"));
        file.Execute(sql);
    }
}
