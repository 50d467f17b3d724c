using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres.Histories;

/// <summary>What callers of three nodes are told while the database and the network fail is what the ledger has in the end.</summary>
public sealed class HistoriesTests(ITestOutputHelper output) : IDisposable
{
    private const int Nodes = 3;
    private const int ClientsANode = 4;
    private const string Org = "acme";
    private const long Start = 1_000_000_000_000;

    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("TIEOUT_LONG") == "1" ? 600 : 14);

    private readonly PostgresServer _server = new();
    private readonly History _history = new();
    private readonly ConcurrentDictionary<int, byte> _open = new();
    private readonly CancellationTokenSource _over = new();
    private long _spentSeen;
    private long _windowSeen;
    private int _ids;
    private int _notFresh;

    public void Dispose()
    {
        _over.Dispose();
        _server.Dispose();
    }

    // Goal: nothing refused is recorded, nothing is recorded twice, no other content is a replay, as_of and windows never go back, whatever happens between
    // nodes and database.
    // Method: clients send items to any node and send again whatever had no answer, one in four with another amount; meanwhile answers to commits are lost,
    // lines are cut, stalled and
    // half-open, back ends are ended and stopped, and the server is killed. At the end each answer is compared with the row that is there.
    [Fact]
    public async Task L3_S1_what_callers_are_told_during_an_outage_is_what_the_ledger_has()
    {
        var store = _server.NewStore();
        await using (var opening = await PostgresLedger.OpenAsync(store))
        {
            foreach (var command in (Command[])[Make.OpenOrg(Org), Make.TopUp(Start, org: Org), Make.Budget(Start)])
            {
                Assert.IsType<Outcome.Done>(await opening.SubmitAsync(command, TestContext.Current.CancellationToken));
            }
        }

        var proxies = Enumerable.Range(0, Nodes).Select(_ => new FaultyProxy(() => _server.Port)).ToArray();
        var nodes = await Task.WhenAll(
            proxies.Select(proxy => PostgresLedger.OpenAsync(new UriBuilder(store) { Port = proxy.Port }.Uri + "?command_timeout=2&connect_timeout=2")));
        var clients = Enumerable.Range(0, Nodes * ClientsANode).Select(client => Task.Run(() => SendAsync(nodes, new Random(client)))).ToList();
        var readers = nodes.Select(node => Task.Run(() => ReadAsync(node))).ToList();
        await FailAsync(store, proxies, new Random(19));
        await _over.CancelAsync();
        await Task.WhenAll([.. clients, .. readers]);
        foreach (var node in nodes) await node.DisposeAsync();
        foreach (var proxy in proxies) proxy.Dispose();

        output.WriteLine(
            $"{_history.Count} answers: {string.Join(", ", Enum.GetValues<Told>().Select(told => $"{_history.Answered(told)} {told}"))}; {_notFresh} readings were refused as not fresh.");
        Assert.True(_history.Answered(Told.Done) > 200, $"Only {_history.Answered(Told.Done)} items were recorded.");
        Assert.True(_history.Answered(Told.Nothing) + _history.Answered(Told.Unknown) > 0, "No caller met the outage.");
        var broken = _history.Broken(Stored(store));
        Assert.True(broken.Count == 0, string.Join('\n', broken.Take(20)));
        PostgresVerified.Clean(store);
    }

    private async Task SendAsync(PostgresLedger[] nodes, Random random)
    {
        while (!_over.IsCancellationRequested)
        {
            var id = Interlocked.Increment(ref _ids);
            var at = Instant.From(DateTimeOffset.UtcNow);
            var amount = (long)random.Next(1, 1_000);
            for (var sending = 0; sending < 12; sending++)
            {
                var told = await SendAsync(nodes[random.Next(nodes.Length)], id, amount, at);
                var isKnown = told is Told.Done or Told.Replayed or Told.Conflict;
                if (isKnown && random.Next(4) != 0) break;

                // Again: as it was, or with another amount.
                if (random.Next(4) == 0) amount = random.Next(1, 1_000);
                if (!isKnown) await Task.Delay(random.Next(20, 200));
            }
        }
    }

    private async Task<Told> SendAsync(PostgresLedger node, int id, long amount, Instant at)
    {
        Told told;
        try
        {
            told = History.Of(await node.SubmitAsync(Make.Charge(id, amount, Make.Labels(Org), at: at)));
        }
        catch (StoreUnavailableException failure)
        {
            told = failure.Effect == StoreEffect.None ? Told.Nothing : Told.Unknown;
        }

        _history.Add(id, amount, told);
        return told;
    }

    /// <summary>Reads as a page does: the figures are at least those that any node has shown before, or the node says that it cannot know.</summary>
    private async Task ReadAsync(PostgresLedger node)
    {
        var asOf = 0L;
        for (var round = 0; !_over.IsCancellationRequested; round++)
        {
            await Task.Delay(10);
            var now = node.Read.AsOf;
            if (now < asOf) _history.Wrong($"as_of went back from {asOf} to {now} on one node.");
            asOf = now;
            if (node.Read.Org(Org) is null) _history.Wrong("A known org is not there.");

            // 20 ms is what is promised between nodes.
            var (seen, inWindow) = (Volatile.Read(ref _spentSeen), Volatile.Read(ref _windowSeen));
            await Task.Delay(25);
            try
            {
                // One figure a round: whichever is read first makes the node ask the database, and the other would never show that it does not.
                if (round % 2 == 0) ReadSpend(node, seen);
                else ReadWindow(node, inWindow);
            }
            catch (StoreUnavailableException)
            {
                Interlocked.Increment(ref _notFresh);
            }
        }
    }

    private void ReadSpend(PostgresLedger node, long seen)
    {
        if (node.Read.Balance(Org) is not { } account)
        {
            _history.Wrong("A known org has no balance.");
            return;
        }

        var spent = (long)(Start - account.Balance.Nanos);
        if (spent < seen) _history.Wrong($"The spend went back from {seen} to {spent} without a word.");
        Raise(ref _spentSeen, spent);
    }

    private void ReadWindow(PostgresLedger node, long seen)
    {
        var posted = (long)node.Read.Budgets(Org, Instant.From(DateTimeOffset.UtcNow)).Single().Posted.Nanos;
        if (posted < seen) _history.Wrong($"The window went back from {seen} to {posted} without a word.");
        Raise(ref _windowSeen, posted);
    }

    private async Task FailAsync(string store, FaultyProxy[] proxies, Random random)
    {
        var database = new Uri(store).AbsolutePath[1..];
        var began = Stopwatch.StartNew();
        for (var turn = 0; began.Elapsed < Lasting; turn++)
        {
            await Task.Delay(random.Next(300, 700));
            var proxy = proxies[random.Next(proxies.Length)];
            switch (turn % 7)
            {
                case 0 or 3:
                    foreach (var every in proxies) every.CutCommits(3);
                    break;
                case 1:
                    _server.Sql("postgres", $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}'");
                    break;
                case 2:
                    // Longer than the server lets a transaction wait for its client.
                    proxy.Stall();
                    await Task.Delay(3_600);
                    proxy.Pass();
                    break;
                case 4:
                    proxy.Swallow();
                    await Task.Delay(1_500);
                    proxy.Pass();
                    break;
                case 5:
                    await StopBackEndsAsync(database);
                    break;
                default:
                    _server.Kill();
                    await Task.Delay(400);
                    _server.Start();
                    break;
            }
        }

        foreach (var proxy in proxies)
        {
            proxy.CutCommits(0);
            proxy.Pass();
        }

        await Task.Delay(1_000);
    }

    /// <summary>Back ends that do not run for a while, and then do what is in their buffers.</summary>
    private async Task StopBackEndsAsync(string database)
    {
        var pids = _server.Sql("postgres",
            $"SELECT coalesce(string_agg(pid::text, ' '), '') FROM (SELECT pid FROM pg_stat_activity WHERE datname = '{database}' AND application_name = 'tieout' LIMIT 6) picked").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (pids.Length == 0) return;
        foreach (var signal in (string[])["-STOP", "-CONT"])
        {
            using var kill = Process.Start("kill", [signal, .. pids]);
            await kill.WaitForExitAsync();
            await Task.Delay(2_600);
        }
    }

    private Dictionary<int, long> Stored(string store)
    {
        var rows = _server.Sql(new Uri(store).AbsolutePath[1..], "SELECT coalesce(string_agg(substr(operation_id, 3) || ':' || charge, ' '), '') FROM usage");
        return rows.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(row => row.Split(':')).ToDictionary(
            row => int.Parse(row[0], CultureInfo.InvariantCulture), row => long.Parse(row[1], CultureInfo.InvariantCulture));
    }

    private static void Raise(ref long most, long value)
    {
        for (var known = Volatile.Read(ref most); value > known;)
        {
            var before = Interlocked.CompareExchange(ref most, value, known);
            if (before == known) return;
            known = before;
        }
    }
}
