using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Tieout.Core.Money;

namespace Tieout.Simulation.LongChaos;

/// <summary>Half an hour of everything at once: disasters of machines, network, disk and clock, and tenants who attack.</summary>
public sealed class LongChaosTests
{
    private static readonly TimeSpan CalmPhase = TimeSpan.FromSeconds(45), HostilePhase = TimeSpan.FromSeconds(90), DisasterLasts = TimeSpan.FromSeconds(
        20), Recovery = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: nothing lost, nothing twice, no limit passed, and a hostile tenant's neighbour hardly notices.
    // Method: a steady tenant on two nodes; calm; attacks; then one disaster after another while the attacks go on. At the end the steady tenant's
    // acknowledgements,
    // our rows, the balance on both nodes and verify must agree. TIEOUT_CHAOS_MINUTES sets the length, 30 by default; TIEOUT_CHAOS_SEED the order of disasters.
    [Fact]
    [Trait("Long", "yes")]
    public async Task S1_M1_L3_B1_half_an_hour_of_disasters_and_hostile_tenants_loses_nothing_and_counts_nothing_twice()
    {
        var lasting = TimeSpan.FromMinutes(Number("TIEOUT_CHAOS_MINUTES", 30));
        var random = new Random(Number("TIEOUT_CHAOS_SEED", 20261129));
        await using var world = await ChaosWorld.StartAsync();
        var (quietKey, _) = await world.Platform.MakeKeyAsync(ChaosWorld.Quiet);
        var (hostileKey, _) = await world.Platform.MakeKeyAsync(ChaosWorld.Hostile);
        await world.StartNodesAsync();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        using var quiet = new QuietTenant(quietKey, world.Urls);
        using var hostile = new HostileTenants(hostileKey, ChaosWorld.Quiet, world.Urls);
        var clock = Stopwatch.StartNew();

        quiet.Phase = "warm-up";
        var tenant = quiet.RunAsync(over.Token);
        await Task.Delay(CalmPhase, Stop);
        quiet.Phase = "calm";
        await Task.Delay(CalmPhase, Stop);
        quiet.Phase = "attacked";
        var attacks = hostile.RunAsync(over.Token);
        await Task.Delay(HostilePhase, Stop);

        var struck = new List<string>();
        while (clock.Elapsed < lasting)
        {
            var disasters = Disaster.All.ToArray();
            random.Shuffle(disasters);
            foreach (var disaster in disasters)
            {
                if (clock.Elapsed >= lasting) break;
                quiet.Phase = disaster.Name;
                await disaster.Begin(world);
                await Task.Delay(DisasterLasts, Stop);
                await disaster.End(world);
                struck.Add(disaster.Name);
                await GoesOnAsync(world, quiet, disaster.Name);
            }
        }

        await over.CancelAsync();
        await Task.WhenAll(tenant, attacks);
        await AssertOneBookAsync(world, quiet);
        var (calm, attacked) = (quiet.Percentile99("calm"), quiet.Percentile99("attacked"));
        Report(quiet, hostile, struck, calm, attacked);
        Assert.True(hostile.CountsRefused > 0, "No ingest of too large a count went as far as the rules.");
        Assert.True(attacked < 10 * calm, $"The neighbour's p99 was {calm:F1} ms while it was calm and {attacked:F1} ms while attacked.");
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : otherwise;

    private static async Task GoesOnAsync(ChaosWorld world, QuietTenant quiet, string after)
    {
        foreach (var node in world.Nodes) node.AssertRuns(after);
        var enough = quiet.Acknowledged.Count + 100;
        for (var waited = Stopwatch.StartNew(); quiet.Acknowledged.Count < enough; await Task.Delay(100, Stop))
        {
            Assert.True(
                waited.Elapsed < Recovery, $"A minute after '{after}' was over, {enough - quiet.Acknowledged.Count} of 100 requests were still not answered.");
        }
    }

    private static async Task AssertOneBookAsync(ChaosWorld world, QuietTenant quiet)
    {
        // Holds of requests that died with their node end by their time; what waits in a spool is replayed.
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(1_000, Stop))
        {
            var holds = await Task.WhenAll(world.Urls.Select(url => ChaosWorld.BalanceAsync(url, ChaosWorld.Quiet)));
            if (holds.All(balance => balance.Held == Amount.Zero) && holds.Distinct().Count() == 1) break;
            Assert.True(waited.Elapsed < TimeSpan.FromMinutes(4), $"Holds stay open: {string.Join(", ", holds)}");
        }

        var rows = await world.UsageAsync(ChaosWorld.Quiet);
        Assert.DoesNotContain(quiet.Acknowledged, answer => !rows.TryGetValue(answer.Key, out var charge) || charge != answer.Value);
        var total = Amount.Sum(rows.Values);
        foreach (var url in world.Urls) Assert.Equal(Amount.Parse("100000") - total, (await ChaosWorld.BalanceAsync(url, ChaosWorld.Quiet)).Posted);

        // A provider's bill has a call more only where a node was killed between sending and recording: each of those was a hold that expired.
        var bill = JsonElement.Parse(await new HttpClient().GetStringAsync($"{world.Platform.ProviderUrl}/sim/totals", Stop));
        Assert.True(
            bill.GetProperty("billed").GetInt64() >= rows.Count, $"We charged {rows.Count} calls and the provider served {bill.GetProperty("billed")}.");
        var hostile = await ChaosWorld.BalanceAsync(world.Urls[0], ChaosWorld.Hostile);
        var findings = hostile.Posted >= Amount.Zero ? "" : await ChaosWorld.AdminAsync(world.Urls[0], $"orgs/{ChaosWorld.Hostile}/findings?limit=20");
        Assert.True(hostile.Posted >= Amount.Zero, $"The hostile tenant made a debt: {hostile}. Its findings: {findings}");

        var (exit, text) = await world.Platform.RunAsync("verify", "--store", world.Store, "--json");
        Assert.True(exit == 0, text);
    }

    private static void Report(QuietTenant quiet, HostileTenants hostile, List<string> struck, double calm, double attacked)
    {
        var output = TestContext.Current.TestOutputHelper!;
        output.WriteLine(
            $"{quiet.Acknowledged.Count} acknowledged, {hostile.Attacks} attacks, {struck.Count} disasters; p99 {calm:F1} ms calm, {attacked:F1} ms attacked.");
        foreach (var ((path, status), count) in hostile.Answers.OrderBy(answer => answer.Key)) output.WriteLine($"  attack {path}: {status} x {count}");
        foreach (var phase in quiet.Answers.GroupBy(answer => answer.Key.Phase).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            output.WriteLine(
                $"  {phase.Key}: {string.Join(", ", phase.OrderBy(answer => answer.Key.Status).Select(answer => $"{answer.Key.Status} x {answer.Value}"))}");
        }
    }
}
