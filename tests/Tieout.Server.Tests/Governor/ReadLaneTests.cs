using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Governor;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Governor;

/// <summary>Reads of stored rows: few at a time, fair between orgs, ended with their time, and never through everybody's rows for an org that has
/// none.</summary>
public sealed class ReadLaneTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static ReadLane Lane(TimeSpan? time = null, BlockedThreads? threads = null) =>
        new(new() { Reads = new(4, 4, 2), ReadTime = time ?? TimeSpan.FromSeconds(10) }, TimeProvider.System, threads);

    [Fact]
    public async Task An_org_that_reads_without_end_leaves_places_for_others()
    {
        var lane = Lane();
        Assert.True(await lane.EnterAsync(("hostile", "k1"), Stop));
        Assert.True(await lane.EnterAsync(("hostile", "k1"), Stop));
        var beyondCaller = lane.EnterAsync(("hostile", "k1"), Stop);
        Assert.True(await lane.EnterAsync(("hostile", "k2"), Stop));
        var beyondOrg = lane.EnterAsync(("hostile", "k3"), Stop);
        Assert.False(beyondCaller.IsCompleted || beyondOrg.IsCompleted);

        var quiet = lane.EnterAsync(("quiet", "k1"), Stop);
        Assert.True(quiet.IsCompleted && await quiet);
        lane.Leave(("quiet", "k1"));

        // The place of k2 goes to the first that may have it: k1 has as many as it may.
        lane.Leave(("hostile", "k2"));
        Assert.True(await beyondOrg);
        Assert.False(await beyondCaller, "It waited for its patience and then got none.");
        foreach (var caller in new[] { "k1", "k1", "k3" }) lane.Leave(("hostile", caller));
        Assert.Equal(0, lane.Running);
    }

    // A minimum that stays high costs every request: the pool starts a thread wherever work waits.
    [Fact]
    public async Task The_pool_has_a_thread_more_for_each_read_that_runs_and_no_longer()
    {
        var minimum = 2;
        var lane = Lane(threads: new(minimum, now => minimum = now));
        Assert.Equal(2, minimum);
        Assert.True(await lane.EnterAsync(("acme", "k1"), Stop));
        Assert.True(await lane.EnterAsync(("acme", "k2"), Stop));
        Assert.Equal(4, minimum);

        // Its place goes to one that waits, or to nobody.
        lane.Leave(("acme", "k1"));
        Assert.Equal(3, minimum);
        lane.Leave(("acme", "k2"));
        Assert.Equal(2, minimum);
    }

    [Fact]
    public async Task A_read_that_takes_too_long_is_ended_and_says_so()
    {
        var lane = Lane(TimeSpan.FromMilliseconds(100));
        var context =
            new DefaultHttpContext { RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider(), Response = { Body = new MemoryStream() } };

        await lane.RunAsync(context, new Caller("acme", null, "k1"), http => Task.Delay(Timeout.Infinite, http.RequestAborted));

        Assert.Equal((503, "1"), (context.Response.StatusCode, context.Response.Headers.RetryAfter.ToString()));
        Assert.Equal((0, 1), (lane.Running, lane.TooLong));
        context.Response.Body.Position = 0;
        Assert.Contains("read_too_long", await new StreamReader(context.Response.Body).ReadToEndAsync(Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_in_the_midst_of_a_statement_is_ended()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        try
        {
            await using var ledger = await FilledAsync(folder.FullName);
            using var soon = new CancellationTokenSource();
            var work = ThreadTime.Of(
                () => Read(ledger, new UsageFilter("acme", Instant.UnixEpoch, Instant.EndOfTime).Where("user", "nobody"), CancellationToken.None));
            await soon.CancelAsync();

            Assert.ThrowsAny<OperationCanceledException>(() => Read(ledger, new("acme", Instant.UnixEpoch, Instant.From(DateTimeOffset.MaxValue)), soon.Token));

            // An org without rows does not look at those of others.
            var none = ThreadTime.Of(() => Read(ledger, new("globex", Instant.UnixEpoch, Instant.From(DateTimeOffset.MaxValue)), CancellationToken.None));
            Assert.True(none * 3 < work, $"{none} for an org without rows, {work} for one with all of them.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_tenant_that_reads_does_not_hold_up_another()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"globex","asset":"USD","billing":"prepaid"}""");
        await FillAsync(world.Ledger, 40_000);
        var quiet = await P99Async(world);
        var (_, hostileKey) = await world.KeyAsync("acme");
        using var end = new CancellationTokenSource();
        var hostile = Enumerable.Range(0, 32).Select(async _ =>
        {
            while (!end.IsCancellationRequested) (await world.SendAsync(HttpMethod.Get, "/orgs/acme/usage?user=nobody", token: hostileKey)).Dispose();
        }).ToList();
        await Task.Delay(200, Stop);

        var lane = world.Server.Services.GetRequiredService<ReadLane>();
        var most = 0L;
        var watch = Task.Run(async () =>
        {
            for (; !end.IsCancellationRequested; await Task.Delay(1, CancellationToken.None)) most = Math.Max(most, lane.Running);
        }, Stop);
        var beside = await P99Async(world);
        await end.CancelAsync();
        await watch;
        await Task.WhenAll(hostile);

        // Without the lane the other waits for dozens of scans: seconds.
        Assert.True(beside < (quiet * 20) + TimeSpan.FromMilliseconds(500), $"{beside} beside a tenant that reads, {quiet} alone.");
        // Two of the 32 at a time, and the one that asks beside them.
        Assert.InRange(most, 2, 3);
        Assert.Equal(0, lane.Running);
    }

    private static async Task<TimeSpan> P99Async(ApiWorld world)
    {
        var (_, secret) = await world.KeyAsync("globex");
        var times = new List<TimeSpan>();
        for (var i = 0; i < 50; i++)
        {
            var startedAt = Stopwatch.GetTimestamp();
            (await world.SendAsync(HttpMethod.Get, "/orgs/globex", token: secret)).Dispose();
            times.Add(Stopwatch.GetElapsedTime(startedAt));
        }

        return times.Order().ElementAt(48);
    }

    private static void Read(SqliteLedger ledger, UsageFilter filter, CancellationToken cancellationToken)
    {
        var rows = ledger.Read.UsageAsync(filter, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (rows.MoveNextAsync().AsTask().GetAwaiter().GetResult())
        {
        }
    }

    private static async Task<SqliteLedger> FilledAsync(string folder)
    {
        var ledger = SqliteLedger.Open(folder);
        foreach (var org in new[] { "acme", "globex" }) await ledger.SubmitAsync(new Command.OpenOrg(new(org, "USD", BillingMode.Postpaid, null, "UTC")));
        await FillAsync(ledger, 40_000);
        return ledger;
    }

    private static async Task FillAsync(ILedger ledger, int rows)
    {
        var (labels, now) = (new UsageLabels { Org = "acme", Source = UsageSource.Import }, Instant.From(DateTimeOffset.UtcNow));
        for (var i = 0; i < rows; i += 5_000)
        {
            var batch = Enumerable.Range(i, 5_000).Select(number => (Command)new Command.Charge(
                new(new UsageRecord(new(Guid.CreateVersion7()), labels, $"op{number}", 1, null, null, null, null, now, 1, 200, new(1, 0, 0, 1, 0),
                    UsageBasis.Imported, UsageFlags.None), null, Amount.Zero, Amount.Zero), Fact: true)).ToList();
            Assert.All(await ledger.SubmitAsync(batch), outcome => Assert.IsType<Outcome.Done>(outcome));
        }
    }
}
