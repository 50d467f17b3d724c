using Tieout.Core.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Deliveries: what any store promises of who is told what, and in which order.</summary>
public abstract partial class LedgerContract
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);
    private static readonly Subscription Everything = new("wh", null, [], default);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task L3_a_message_is_told_once_also_after_a_restart()
    {
        await using (var ledger = await ToldAsync())
        {
            Assert.IsType<Core.Ledger.Outcome.Replayed>(await ledger.SubmitAsync(new Command.Announce("alert/1", "acme", "alert.test", "{}"), Stop));
        }

        await using var again = Open(fresh: false);
        Assert.IsType<Core.Ledger.Outcome.Replayed>(await again.SubmitAsync(new Command.Announce("alert/9", "", "alert.test", "{}"), Stop));
        var other = Assert.IsType<Core.Ledger.Outcome.Refused>(
            await again.SubmitAsync(new Command.Announce("alert/1", "acme", "alert.test", """{"n":2}"""), Stop));
        Assert.Equal(Refusal.IdReused, other.Reason);
    }

    [Fact]
    public async Task Messages_wait_in_lanes_by_org_and_in_their_order()
    {
        await using var ledger = await ToldAsync();
        var lanes = await RoutedAsync(ledger);
        Assert.Equal(["", "acme", "beta"], lanes.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["alert/1", "alert/2", "alert/3"], await WaitingAsync(ledger, lanes["acme"]));
        Assert.Equal(["alert/9"], await WaitingAsync(ledger, lanes[""]));
    }

    [Fact]
    public async Task A_message_is_routed_once_and_a_lane_is_one_workers_at_a_time()
    {
        await using var ledger = await ToldAsync();
        await RoutedAsync(ledger);
        Assert.Equal(0, await ledger.Deliveries.RouteAsync(() => [Everything], Stop));
        Assert.Empty(await ledger.Deliveries.ClaimAsync(Lease, 10, [], Stop));
    }

    [Fact]
    public async Task What_was_taken_does_not_wait_any_more_and_what_failed_does()
    {
        await using var ledger = await ToldAsync();
        var lane = (await RoutedAsync(ledger))["acme"];
        var first = await FirstAsync(ledger, lane);
        Assert.True(await ledger.Deliveries.RecordAsync(lane, Attempt(first, DeliveryState.Waiting, 500), Lease, Stop));
        Assert.True(await ledger.Deliveries.RecordAsync(lane, Attempt(first, DeliveryState.Delivered, 204), Lease, Stop));
        Assert.Equal(["alert/2", "alert/3"], await WaitingAsync(ledger, lane));
        var delivery = Assert.Single(await ledger.Deliveries.ListAsync(new(State: DeliveryState.Delivered), Stop));
        Assert.Equal((2, 204, "acme", "alert.test"), (delivery.Attempts, delivery.Status, delivery.Org, delivery.Type));
    }

    [Fact]
    public async Task A_lane_given_back_is_due_when_something_waits_in_it_or_a_message_comes()
    {
        await using var ledger = await ToldAsync();
        var lanes = await RoutedAsync(ledger);
        foreach (var waiting in await ledger.Deliveries.WaitingAsync(lanes["beta"], 10, Stop))
        {
            await ledger.Deliveries.RecordAsync(lanes["beta"], Attempt(waiting.Message.Seq, DeliveryState.Delivered, 204), Lease, Stop);
        }

        await ledger.Deliveries.ReleaseAsync(lanes["beta"], TimeSpan.Zero, Stop);
        await ledger.Deliveries.ReleaseAsync(lanes["acme"], TimeSpan.Zero, Stop);
        await ledger.Deliveries.ReleaseAsync(lanes[""], TimeSpan.FromHours(1), Stop);
        Assert.Equal("acme", Assert.Single(await ledger.Deliveries.ClaimAsync(Lease, 10, [], Stop)).Org);

        await TellAsync(ledger, "beta", "alert/5");
        await TellAsync(ledger, "", "alert/10");
        await ledger.Deliveries.RouteAsync(() => [Everything], Stop);

        // The platform's lane pauses after a failure: a new message is no reason to try sooner.
        Assert.Equal("beta", Assert.Single(await ledger.Deliveries.ClaimAsync(Lease, 10, [], Stop)).Org);
    }

    [Fact]
    public async Task Whose_lease_is_over_writes_nothing_and_another_goes_on()
    {
        await using var ledger = await ToldAsync();
        await ledger.Deliveries.RouteAsync(() => [Everything], Stop);
        var slow = (await ledger.Deliveries.ClaimAsync(TimeSpan.Zero, 10, [], Stop)).Single(lane => lane.Org == "acme");
        Clock.Now += TimeSpan.FromSeconds(1);
        await Task.Delay(5, Stop);
        var other = (await ledger.Deliveries.ClaimAsync(Lease, 10, [], Stop)).Single(lane => lane.Org == "acme");
        var first = await FirstAsync(ledger, other);
        Assert.False(await ledger.Deliveries.RecordAsync(slow, Attempt(first, DeliveryState.Delivered, 204), Lease, Stop));
        Assert.Equal(first, await FirstAsync(ledger, other));
        await ledger.Deliveries.ReleaseAsync(slow, TimeSpan.Zero, Stop);
        Assert.Empty(await ledger.Deliveries.ClaimAsync(Lease, 10, [], Stop));
        Assert.True(await ledger.Deliveries.RecordAsync(other, Attempt(first, DeliveryState.Delivered, 204), Lease, Stop));
    }

    [Fact]
    public async Task The_dead_are_counted_and_wait_again_when_replayed()
    {
        await using var ledger = await ToldAsync();
        var lane = (await RoutedAsync(ledger))["acme"];
        await ledger.Deliveries.RecordAsync(lane, Attempt(await FirstAsync(ledger, lane), DeliveryState.Dead, null), Lease, Stop);
        var health = await ledger.Deliveries.HealthAsync(Stop);
        Assert.Equal((1, true), (health.Dead, health.OldestWaiting is not null));
        Assert.Equal(0, await ledger.Deliveries.ReplayAsync(new(Org: "beta"), Stop));
        Assert.Equal(1, await ledger.Deliveries.ReplayAsync(new(Org: "acme"), Stop));
        Assert.Equal("alert/1", (await WaitingAsync(ledger, lane))[0]);
        Assert.Equal(0, (await ledger.Deliveries.HealthAsync(Stop)).Dead);
    }

    [Fact]
    public async Task What_was_delivered_long_ago_is_forgotten_and_what_waits_or_is_dead_is_not()
    {
        await using var ledger = await ToldAsync();
        var lane = (await RoutedAsync(ledger))["acme"];
        var waiting = await ledger.Deliveries.WaitingAsync(lane, 10, Stop);
        await ledger.Deliveries.RecordAsync(lane, Attempt(waiting[0].Message.Seq, DeliveryState.Delivered, 204), Lease, Stop);
        await ledger.Deliveries.RecordAsync(lane, Attempt(waiting[1].Message.Seq, DeliveryState.Dead, 500), Lease, Stop);
        Assert.Equal(0, await ledger.Deliveries.ForgetAsync(waiting[0].Message.RecordedAt, Stop));
        Assert.Equal(1, await ledger.Deliveries.ForgetAsync(waiting[0].Message.RecordedAt + TimeSpan.FromSeconds(1), Stop));
        Assert.Equal(6, (await ledger.Deliveries.ListAsync(new(), Stop)).Count);
    }

    [Fact]
    public async Task An_endpoint_wants_its_org_its_types_and_nothing_older_than_itself()
    {
        await using var ledger = await ToldAsync();
        var later = Core.Instant.From(Clock.GetUtcNow()) + TimeSpan.FromHours(1);
        Subscription[] some = [new("org", "acme", ["alert.*"], default), new("type", null, ["org.opened"], default), new("late", null, [], later)];
        await ledger.Deliveries.RouteAsync(() => some, Stop);
        Assert.Equal((3, 2, 0), (await CountAsync("org"), await CountAsync("type"), await CountAsync("late")));

        async Task<int> CountAsync(string endpoint) => (await ledger.Deliveries.ListAsync(new(Endpoint: endpoint), Stop)).Count;
    }

    /// <summary>acme: alert/1 to alert/3; beta: alert/4; the platform: alert/9; and that both orgs were opened.</summary>
    private async Task<ILedger> ToldAsync()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        foreach (var (org, id) in ((string, string)[])[("acme", "alert/1"), ("acme", "alert/2"), ("beta", "alert/4"), ("acme", "alert/3"), ("", "alert/9")])
        {
            await TellAsync(ledger, org, id);
        }

        return ledger;
    }

    private static async Task TellAsync(ILedger ledger, string org, string id) =>
        Assert.IsType<Core.Ledger.Outcome.Done>(await ledger.SubmitAsync(new Command.Announce(id, org, "alert.test", "{}"), Stop));

    private static async Task<Dictionary<string, Lane>> RoutedAsync(ILedger ledger)
    {
        Assert.Equal(7, await ledger.Deliveries.RouteAsync(() => [Everything], Stop));
        return (await ledger.Deliveries.ClaimAsync(Lease, 10, [], Stop)).ToDictionary(lane => lane.Org);
    }

    private static async Task<List<string>> WaitingAsync(ILedger ledger, Lane lane) =>
        [.. (await ledger.Deliveries.WaitingAsync(lane, 10, Stop)).Select(waiting => waiting.Message.Id).Where(
            id => id.StartsWith("alert", StringComparison.Ordinal))];

    private static async Task<long> FirstAsync(ILedger ledger, Lane lane) =>
        (await ledger.Deliveries.WaitingAsync(lane, 10, Stop)).First(waiting => waiting.Message.Type == "alert.test").Message.Seq;

    private DeliveryAttempt Attempt(long seq, DeliveryState state, int? status) =>
        new(seq, state, Core.Instant.From(Clock.GetUtcNow()), 1, status, status is null ? "no answer" : null);
}
