using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Simulation.Running;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Simulation;

/// <summary>The store of a real process fails under load, by what the operating system does to it, and comes back.</summary>
public sealed class OutageTests
{
    private const int Settlements = 10_000;
    private const int AtOnce = 64;

    /// <summary>Less than the database has by then, so that neither it nor its log can grow; more than the spool needs.</summary>
    private const long FileBytesMax = 512 * 1024;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(4);

    private readonly ConcurrentDictionary<string, string> _answered = new();
    private int _refused, _unrecorded;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: S1 of a whole process. Method: 64 clients until 10,000 answers have come; meanwhile its files may not grow any more, and later another process
    // locks the database
    // for longer than it waits. Then the provider's own bill, our records, the charges and the balance must be one, and verify clean.
    [Fact]
    public async Task S1_M1_M4_ten_thousand_settlements_through_a_full_disk_and_a_locked_file_lose_nothing_and_count_once()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Limits of another process are set with prlimit, which Linux has.");
        await using var platform = await Platform.StartAsync();
        await platform.OpenOrgAsync("acme", "1000");
        var (key, _) = await platform.MakeKeyAsync("acme");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var clients = Enumerable.Range(0, AtOnce).Select(_ => LoadAsync(platform, key, over.Token)).ToList();

        await UntilAsync(() => _answered.Count > 2_500, clients);
        await LimitAsync(platform, FileBytesMax);
        var full = await DeepestSpoolAsync(platform, TimeSpan.FromSeconds(30));
        await LimitAsync(platform, null);
        await UntilAsync(() => _answered.Count > 5_000, clients);
        int locked;
        using (var other = RawConnection.Open(DataFolder.DatabaseIn(platform.Data)))
        {
            other.Execute("BEGIN IMMEDIATE");
            var before = _answered.Count;
            await DeepestSpoolAsync(platform, TimeSpan.FromSeconds(8));
            locked = _answered.Count - before;
            other.Execute("ROLLBACK");
        }

        await UntilAsync(() => _answered.Count >= Settlements, clients);
        await over.CancelAsync();
        await Task.WhenAll(clients);
        Assert.True(full > 0 && locked <= 2 * AtOnce && _refused > 0,
            $"The spool held {full} while the disk was full, {locked} answers came while the file was locked, {_refused} were refused: no outage was seen.");
        await AssertOneBookAsync(platform);
    }

    private async Task AssertOneBookAsync(Platform platform)
    {
        using var http = new HttpClient();
        JsonElement health;
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100, Stop))
        {
            health = await platform.HealthAsync(platform.Url);
            if (health.GetProperty("spool_depth").GetInt32() == 0 || clock.Elapsed > TimeSpan.FromSeconds(30)) break;
        }

        Assert.Equal((0, 0), (health.GetProperty("spool_depth").GetInt32(), health.GetProperty("dropped_records").GetInt32()));
        var lines = (await platform.Admin.GetStringAsync("orgs/acme/usage?format=csv", Stop)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.TrimEnd('\r').Split(',')).ToList();
        int Column(string name) => Array.IndexOf(lines[0], name);
        var (id, charge, input, output, basis) = (Column("usage_id"), Column("charge"), Column("input_tokens"), Column("output_tokens"), Column("basis"));
        var rows = lines.Skip(1).ToDictionary(line => line[id]);
        Assert.All(_answered, answer => Assert.Equal(answer.Value.Length > 0 ? answer.Value : rows[answer.Key][charge], rows[answer.Key][charge]));

        var bill = JsonElement.Parse(await http.GetStringAsync($"{platform.ProviderUrl}/sim/totals", Stop));
        Assert.Equal(bill.GetProperty("billed").GetInt64(), rows.Count);
        Assert.All(rows.Values, row => Assert.Equal("reported", row[basis]));
        Assert.Equal(
            bill.GetProperty("prompt_tokens").GetInt64(), rows.Values.Sum(row => long.Parse(row[input], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(bill.GetProperty("completion_tokens").GetInt64(),
            rows.Values.Sum(row => long.Parse(row[output], System.Globalization.CultureInfo.InvariantCulture)));
        var balance = await platform.GetAsync("orgs/acme/balance");
        Assert.Equal(Amount.Parse("1000") - rows.Values.Sum(row => Amount.Parse(row[charge])), Platform.Money(balance, "posted"));
        Assert.Equal(Amount.Zero, Platform.Money(balance, "held"));

        await platform.KillGatewayAsync();
        var (exit, text) = await platform.RunAsync("verify", "--data", platform.Data, "--json");
        Assert.True(exit == 0, text);
    }

    private async Task LoadAsync(Platform platform, string key, CancellationToken over)
    {
        using var http = new HttpClient();
        while (!over.IsCancellationRequested && _answered.Count < Settlements)
        {
            // To its end once it is begun: a client that hangs up is another test's.
            using var answer = await http.SendAsync(Platform.Chat(platform.Url, key, 100, 20), CancellationToken.None);
            var body = await answer.Content.ReadAsStringAsync(CancellationToken.None);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                Assert.True(_answered.TryAdd(answer.Headers.GetValues("Tieout-Usage-Id").Single(),
                    answer.Headers.TryGetValues("Tieout-Cost", out var cost) ? cost.Single() : ""), "A usage id came twice.");
                continue;
            }

            Assert.True(answer.StatusCode == HttpStatusCode.ServiceUnavailable && body.Contains("store_unavailable", StringComparison.Ordinal),
                $"{(int)answer.StatusCode} {body}");
            Interlocked.Increment(ref body.Contains("usage", StringComparison.Ordinal) ? ref _unrecorded : ref _refused);
            await Task.Delay(50, CancellationToken.None);
        }
    }

    /// <summary>How deep the spool gets in the second after the first settlement came to it; 0: none came for as long.</summary>
    private static async Task<int> DeepestSpoolAsync(Platform platform, TimeSpan lasting)
    {
        var deepest = 0;
        var since = new Stopwatch();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < lasting && since.Elapsed < TimeSpan.FromSeconds(1); await Task.Delay(20, Stop))
        {
            if (deepest > 0) since.Start();
            deepest = Math.Max(deepest, (await platform.HealthAsync(platform.Url)).GetProperty("spool_depth").GetInt32());
        }

        return deepest;
    }

    /// <param name="bytes">How large a file of the gateway's may become; null: as large as it likes.</param>
    private static async Task LimitAsync(Platform platform, long? bytes)
    {
        using var prlimit = Process.Start(
            "prlimit", [$"--pid={platform.GatewayId}", bytes is { } most ? $"--fsize={most}:unlimited" : "--fsize=unlimited:unlimited"]);
        await prlimit.WaitForExitAsync(Stop);
        Assert.Equal(0, prlimit.ExitCode);
    }

    private async Task UntilAsync(Func<bool> isSo, List<Task> clients)
    {
        for (var clock = Stopwatch.StartNew(); !isSo(); await Task.Delay(20, Stop))
        {
            foreach (var failed in clients.Where(client => client.IsFaulted)) await failed;
            Assert.True(clock.Elapsed < Longest, $"Only {_answered.Count} answers have come.");
        }
    }
}
