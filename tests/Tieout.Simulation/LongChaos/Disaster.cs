namespace Tieout.Simulation.LongChaos;

/// <summary>Something bad that the world does to the platform for a while, and that is over afterwards.</summary>
/// <param name="Name">Printed, and the phase that latencies are kept under.</param>
/// <param name="Begin">Begins it.</param>
/// <param name="End">Ends it, so that everything can work again.</param>
internal sealed record Disaster(string Name, Func<ChaosWorld, Task> Begin, Func<ChaosWorld, Task> End)
{
    public static IReadOnlyList<Disaster> All { get; } =
    [
        new("node killed", world => world.Nodes[0].KillAsync(), world => world.Nodes[0].StartAsync(clockSkew: null)),
        new("node paused", world => world.Nodes[1].PauseAsync(), world => world.Nodes[1].ResumeAsync()),
        new("database killed", world => Do(world.Server.Kill), world => Do(world.Server.Start)),
        new("back ends terminated", world => Do(() => Terminate(world)), _ => Task.CompletedTask),
        new("network of one node cut", world => Do(world.Lines[0].Cut), world => Do(world.Lines[0].Mend)),
        new("network of one node stalled", world => Do(world.Lines[1].Stall), world => Do(world.Lines[1].Mend)),
        new("disk of the database full", FillAsync, EmptyAsync),
        new("clock 90 s ahead", world => RestartAsync(world, "+90s"), world => RestartAsync(world, clockSkew: null)),
        new("clock 90 s behind", world => RestartAsync(world, "-90s"), world => RestartAsync(world, clockSkew: null)),
    ];

    private static Task Do(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static void Terminate(ChaosWorld world) =>
        world.Server.Sql("postgres", "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'tieout'");

    private static string Ballast(ChaosWorld world) => Path.Combine(world.Server.Folder, "ballast");

    private static async Task FillAsync(ChaosWorld world)
    {
        await using var ballast = File.Create(Ballast(world));
        var block = new byte[1 << 20];
        while (new DriveInfo(world.Server.Folder).AvailableFreeSpace > 2 * block.Length) await ballast.WriteAsync(block);
    }

    private static Task EmptyAsync(ChaosWorld world)
    {
        File.Delete(Ballast(world));
        if (world.Server.HasEnded) world.Server.Start();
        return Task.CompletedTask;
    }

    private static async Task RestartAsync(ChaosWorld world, string? clockSkew)
    {
        await world.Nodes[0].KillAsync();
        await world.Nodes[0].StartAsync(clockSkew);
    }
}
