using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Outbox;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage;

namespace Tieout.Server.Tests.Outbox;

/// <summary>From what happens to who is told: over real HTTP, with endpoints that fail in all the ways endpoints do.</summary>
public sealed class WebhookTests
{
    private const string AdminToken = "admin-token-of-the-tests";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_happens_arrives_signed_with_a_stable_id()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var world = await StartAsync();
        var webhook = await AddAsync(world, receiver.Url);
        await TellAsync(world, "alert/1");

        var received = Assert.Single(await receiver.WaitForAsync(1));

        Assert.True(received.IsSignedBy(webhook.Secret));
        Assert.StartsWith("whsec_", webhook.Secret, StringComparison.Ordinal);
        Assert.Equal(WaitingMessage.MessageIdOf(World.Org, "alert/1"), received.Id);
        var body = JsonDocument.Parse(received.Body).RootElement;
        Assert.Equal(("alert.test", World.Org, 1),
            (body.GetProperty("type").GetString(), body.GetProperty("org").GetString(), body.GetProperty("data").GetProperty("n").GetInt32()));
        Assert.False(body.TryGetProperty("url", out _), "The address that callers use is not configured.");
        Assert.True(
            Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(received.Timestamp, System.Globalization.CultureInfo.InvariantCulture)) < 60);
        var delivery = Assert.Single(await DeliveriesAsync(world));
        Assert.Equal((DeliveryState.Delivered, 1, 204), (delivery.State, delivery.Attempts, delivery.Status));
        Assert.False(received.IsSignedBy("whsec_" + Convert.ToBase64String(new byte[32])));
    }

    [Fact]
    public async Task A_message_links_to_what_it_is_about_where_the_callers_address_is_configured()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var world = await StartAsync(publicUrl: new("https://tieout.example.com/"));
        await AddAsync(world, receiver.Url);
        await TellAsync(world, "budget/1", type: "budget.threshold");

        var body = JsonDocument.Parse(Assert.Single(await receiver.WaitForAsync(1)).Body).RootElement;

        Assert.Equal("https://tieout.example.com/api/v1/orgs/acme/budgets", body.GetProperty("url").GetString());
    }

    [Fact]
    public async Task The_secret_is_in_no_setting_and_no_list()
    {
        await using var world = await StartAsync();
        var webhook = await AddAsync(world, "https://example.com/hooks");
        var listed = await world.Http.SendAsync(Request(HttpMethod.Get, "webhooks"), Stop);
        var secret = webhook.Secret["whsec_".Length..];
        Assert.DoesNotContain(secret, await listed.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.DoesNotContain(world.Read.Settings, row => row.Body.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_endpoint_that_fails_gets_the_same_message_again_and_the_next_only_after_it()
    {
        await using var receiver = await Receiver.StartAsync();
        var failures = 3;
        receiver.Answer = context =>
        {
            if (Interlocked.Decrement(ref failures) >= 0) context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        await using var world = await StartAsync();
        await AddAsync(world, receiver.Url);
        for (var i = 1; i <= 5; i++) await TellAsync(world, $"alert/{i}", i);

        var taken = await receiver.WaitForAsync(5);

        Assert.Equal([1, 2, 3, 4, 5], taken.Select(N));
        Assert.Equal([1, 1, 1, 1, 2, 3, 4, 5], receiver.Seen.Select(N));
        Assert.Single(receiver.Seen.Take(4).Select(received => received.Id).Distinct());
        Assert.Equal(4, (await DeliveriesAsync(world)).Single(delivery => delivery.MessageId == taken[0].Id).Attempts);
    }

    [Fact]
    public async Task After_the_last_attempt_a_message_is_dead_the_next_goes_on_and_a_replay_delivers_it()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = context =>
        {
            context.Response.StatusCode = context.Request.Headers["webhook-id"] == WaitingMessage.MessageIdOf(World.Org, "alert/1") ? 503 : 204;
            return Task.CompletedTask;
        };
        await using var world = await StartAsync();
        await AddAsync(world, receiver.Url);
        await TellAsync(world, "alert/1", 1);
        await TellAsync(world, "alert/2", 2);
        Assert.Equal(2, N(Assert.Single(await receiver.WaitForAsync(1))));
        var dead = Assert.Single(await world.Ledger.Deliveries.ListAsync(new(State: DeliveryState.Dead), Stop));
        Assert.Equal((4, 503, "answered 503"), (dead.Attempts, dead.Status, dead.Error));
        Assert.Equal(1, (await world.Ledger.Deliveries.HealthAsync(Stop)).Dead);

        receiver.Answer = null;
        using var replayed = await world.Http.SendAsync(Request(HttpMethod.Post, "outbox/replay"), Stop);

        Assert.Equal(1, JsonDocument.Parse(await replayed.Content.ReadAsStringAsync(Stop)).RootElement.GetProperty("replayed").GetInt32());
        Assert.Equal([2, 1], (await receiver.WaitForAsync(2)).Select(N));
        Assert.Equal(0, (await world.Ledger.Deliveries.HealthAsync(Stop)).Dead);
    }

    [Fact]
    public async Task A_redirection_is_not_followed_and_a_slow_answer_not_waited_for()
    {
        await using var elsewhere = await Receiver.StartAsync();
        await using var receiver = await Receiver.StartAsync();
        var calls = 0;
        receiver.Answer = async context =>
        {
            switch (Interlocked.Increment(ref calls))
            {
                case 1:
                    context.Response.StatusCode = 307;
                    context.Response.Headers.Location = elsewhere.Url;
                    break;
                case 2:
                    await Task.Delay(5_000, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                    context.Response.StatusCode = 408;
                    break;
            }
        };
        await using var world = await StartAsync();
        await AddAsync(world, receiver.Url);
        await TellAsync(world, "alert/1");

        await receiver.WaitForAsync(1);

        Assert.Empty(elsewhere.Seen);
        Assert.Equal(3, Assert.Single(await DeliveriesAsync(world, DeliveryState.Delivered)).Attempts);
    }

    [Fact]
    public async Task An_endpoint_that_asks_for_time_is_given_it()
    {
        await using var receiver = await Receiver.StartAsync();
        var times = new List<long>();
        receiver.Answer = context =>
        {
            times.Add(Environment.TickCount64);
            if (times.Count == 1)
            {
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "2";
            }

            return Task.CompletedTask;
        };
        await using var world = await StartAsync(webhooks => webhooks with { BackoffMax = TimeSpan.FromMinutes(1) });
        await AddAsync(world, receiver.Url);
        await TellAsync(world, "alert/1");
        await receiver.WaitForAsync(1);
        Assert.InRange(times[1] - times[0], 1_950, 10_000);
    }

    [Fact]
    public async Task A_server_that_was_stopped_while_a_message_was_under_way_sends_it_again()
    {
        await using var receiver = await Receiver.StartAsync();
        var came = new TaskCompletionSource();
        receiver.Answer = async context =>
        {
            came.TrySetResult();
            await Task.Delay(30_000, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            context.Response.StatusCode = 500;
        };
        var world = await StartAsync();
        await AddAsync(world, receiver.Url);
        await TellAsync(world, "alert/1");
        await came.Task.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        receiver.Answer = null;

        await using var restarted = await world.RestartedAsync();

        Assert.Equal(WaitingMessage.MessageIdOf(World.Org, "alert/1"), Assert.Single(await receiver.WaitForAsync(1)).Id);
    }

    [Fact]
    public async Task An_endpoint_gets_its_org_and_its_types_and_nothing_from_before_it_was_there()
    {
        await using var all = await Receiver.StartAsync();
        await using var invoices = await Receiver.StartAsync();
        await using var other = await Receiver.StartAsync();
        await using var world = await StartAsync();
        await TellAsync(world, "alert/0");
        await world.Ledger.SubmitAsync(new Command.OpenOrg(new("beta", "USD", Core.Tenancy.BillingMode.Prepaid, null, "UTC")), Stop);
        await AddAsync(world, all.Url);
        await AddAsync(world, invoices.Url, types: ["invoice.*"]);
        await AddAsync(world, other.Url, org: "beta");
        await TellAsync(world, "alert/1", org: "");
        await TellAsync(world, "alert/2");
        await TellAsync(world, "invoice/1", type: "invoice.issued");
        await TellAsync(world, "alert/3", org: "beta");

        Assert.Equal(4, (await all.WaitForAsync(4)).Count);
        Assert.Equal("invoice.issued", Assert.Single(await invoices.WaitForAsync(1)).Type);
        Assert.Equal(WaitingMessage.MessageIdOf("beta", "alert/3"), Assert.Single(await other.WaitForAsync(1)).Id);
    }

    [Fact]
    public async Task While_a_secret_is_changed_both_sign_and_afterwards_only_the_new_one()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var world = await StartAsync();
        var first = await AddAsync(world, receiver.Url);
        var second = await RotateAsync(world, first.Id, hours: 1);
        await TellAsync(world, "alert/1");
        var both = (await receiver.WaitForAsync(1))[0];
        Assert.True(both.IsSignedBy(first.Secret) && both.IsSignedBy(second.Secret));
        var third = await RotateAsync(world, first.Id, hours: 0);
        await TellAsync(world, "alert/2");
        var one = (await receiver.WaitForAsync(2))[1];
        Assert.Equal((false, false, true), (one.IsSignedBy(first.Secret), one.IsSignedBy(second.Secret), one.IsSignedBy(third.Secret)));
    }

    [Fact]
    public async Task What_waits_for_an_endpoint_that_is_removed_is_dropped()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        };
        await using var world = await StartAsync(webhooks => webhooks with { AttemptsMax = 100 });
        var webhook = await AddAsync(world, receiver.Url);
        await TellAsync(world, "alert/1");
        while (receiver.Seen.IsEmpty) await Task.Delay(20, Stop);
        using var removed = await world.Http.SendAsync(Request(HttpMethod.Post, $"webhooks/{webhook.Id}/remove"), Stop);
        removed.EnsureSuccessStatusCode();
        for (var i = 0; i < 500 && (await DeliveriesAsync(world, DeliveryState.Dropped)).Count == 0; i++) await Task.Delay(20, Stop);
        Assert.Single(await DeliveriesAsync(world, DeliveryState.Dropped));
    }

    [Theory]
    [InlineData("http://example.com/hooks", "https")]
    [InlineData("https://127.0.0.1/hooks", "private")]
    [InlineData("https://169.254.169.254/latest/meta-data", "private")]
    [InlineData("https://[::ffff:10.0.0.1]/", "private")]
    [InlineData("https://user:word@example.com/", "user")]
    [InlineData("ftp://example.com/", "https")]
    [InlineData("nonsense", "address")]
    public async Task An_endpoint_that_must_not_be_reached_is_refused(string url, string word)
    {
        await using var world = await StartAsync(_ => new WebhookOptions());
        using var answer = await world.Http.SendAsync(Request(HttpMethod.Post, "webhooks", new NewWebhookBody(url)), Stop);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop)).RootElement;
        Assert.Equal("webhook_invalid", problem.GetProperty("code").GetString());
        Assert.Contains(word, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    // A name may stand for another address than when it was set: the name of this machine passes the first check and not the second.
    [Fact]
    public async Task A_name_that_leads_into_a_private_network_is_not_connected_to()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var world = await StartAsync(webhooks => webhooks with { AllowPrivate = false });
        var webhook = await AddAsync(world, receiver.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        using var answer = await world.Http.SendAsync(Request(HttpMethod.Post, $"webhooks/{webhook.Id}/test"), Stop);
        var test = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop)).RootElement;
        Assert.Equal((false, "the address is in a private network"), (test.GetProperty("delivered").GetBoolean(), test.GetProperty("error").GetString()));
        Assert.Empty(receiver.Seen);
    }

    private static int N(Received received) => JsonDocument.Parse(received.Body).RootElement.GetProperty("data").GetProperty("n").GetInt32();

    private static Task<World> StartAsync(Func<WebhookOptions, WebhookOptions>? change = null, Uri? publicUrl = null)
    {
        var webhooks = new WebhookOptions
        {
            AllowHttp = true,
            AllowPrivate = true,
            Timeout = TimeSpan.FromSeconds(1),
            AttemptsMax = 4,
            Backoff = TimeSpan.FromMilliseconds(20),
            BackoffMax = TimeSpan.FromMilliseconds(100),
        };
        return World.StartAsync(change: options => options with
        {
            AdminToken = AdminToken,
            EnvelopeSecret = new EnvelopeSecret(new byte[32]),
            Doors = options.Doors with { PublicUrl = publicUrl },
            Webhooks = change?.Invoke(webhooks) ?? webhooks,
        });
    }

    private static async Task<MadeWebhookBody> AddAsync(World world, string url, string? org = null, string[]? types = null)
    {
        using var answer = await world.Http.SendAsync(Request(HttpMethod.Post, "webhooks", new NewWebhookBody(url, org, types)), Stop);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync(OutboxJson.Default.MadeWebhookBody, Stop))!;
    }

    private static async Task<MadeWebhookBody> RotateAsync(World world, string id, int hours)
    {
        using var request = Request(HttpMethod.Post, $"webhooks/{id}/rotate");
        request.Content = JsonContent.Create(new RotateWebhookBody(hours), OutboxJson.Default.RotateWebhookBody);
        using var answer = await world.Http.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync(OutboxJson.Default.MadeWebhookBody, Stop))!;
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, NewWebhookBody? body = null) => new(method, $"/api/v1/{path}")
    {
        Headers = { { "Authorization", $"Bearer {AdminToken}" } },
        Content = body is null ? null : JsonContent.Create(body, OutboxJson.Default.NewWebhookBody),
    };

    private static async Task TellAsync(World world, string id, int n = 1, string org = World.Org, string type = "alert.test") =>
        Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(new Command.Announce(id, org, type, $$"""{"n":{{n}}}"""), Stop));

    private static Task<IReadOnlyList<Delivery>> DeliveriesAsync(World world, DeliveryState? state = null) =>
        world.Ledger.Deliveries.ListAsync(new(State: state), Stop);
}
