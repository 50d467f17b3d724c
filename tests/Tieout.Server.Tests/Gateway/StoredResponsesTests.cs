using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Tests.Gateway;

/// <summary>What a provider keeps is its org's, and is charged once, also when the server that asked for it is gone (E46, E47).</summary>
public sealed class StoredResponsesTests
{
    private const string InBackground = """{"model":"gpt-4o","input":"Hi","background":true,"max_output_tokens":500}""";

    [Fact]
    public async Task M1_a_response_pending_at_a_restart_is_charged_when_it_is_next_asked_for()
    {
        var world = await DialectsWorld.StartAsync();
        var id = await MakeAsync(world, InBackground, "Tieout-Feature: chat", "Tieout-Operation: op-9", "Tieout-Workflow: wf-9");
        Assert.Single(world.Read.OpenHolds(null));

        world = await world.RestartedAsync();
        Assert.Equal((200, "in_progress"), await GetAsync(world, id));
        Assert.Single(world.Read.OpenHolds(null));
        world = await world.RestartedAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => GetAsync(world, id)));

        Assert.All(answers, answer => Assert.Equal((200, "completed"), answer));
        var row = Assert.Single(await world.UsageAsync());
        Assert.Equal((Amount.Parse("0.0045"), 1, "op-9", "wf-9", "chat"),
            (row.Charge, row.Usage.AttemptNo, row.Usage.OperationId, row.Usage.WorkflowId, row.Usage.Labels.Feature));
        Assert.Equal(Amount.Parse("0.0045"), await world.TiesOutAsync());

        world = await world.RestartedAsync();
        Assert.Equal((200, "completed"), await GetAsync(world, id));
        Assert.Single(await world.UsageAsync());
        Assert.Empty(await world.Read.PendingObjectsAsync(ObjectKind.Response, 0, 10, Stop));
        await world.DisposeAsync();
    }

    [Fact]
    public async Task M1_a_response_that_nobody_asks_for_is_charged_all_the_same()
    {
        var world = await DialectsWorld.StartAsync(gateway: options => options with { BatchPollInterval = TimeSpan.FromMilliseconds(300) });
        await MakeAsync(world, InBackground);
        world = await world.RestartedAsync();

        await world.RecordedAsync(1, "a charge");
        Assert.Equal(Amount.Parse("0.0045"), await world.TiesOutAsync());
        await World.SoonAsync(async () => (await world.Read.PendingObjectsAsync(ObjectKind.Response, 0, 10, Stop)).Count == 0, "nothing pending");
        await world.DisposeAsync();
    }

    [Fact]
    public async Task A2_a_response_is_its_orgs_alone_before_and_after_a_restart()
    {
        var world = await DialectsWorld.StartAsync();
        await world.DoAsync(new Command.OpenOrg(new Org("other", "USD", BillingMode.Postpaid, null, "UTC")));
        await world.DoAsync(new Command.Record(
            SettingKind.Key, "other", "key-o",
            new ApiKey("key-o", "other", null, null, null, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("tk-other"u8)), false,
                DateTimeOffset.UnixEpoch).ToJson(), Once: false));
        var done = await MakeAsync(world, """{"model":"gpt-4o","input":"Hi"}""");
        var pending = await MakeAsync(world, InBackground);
        for (var start = 0; start < 2; start++)
        {
            Assert.Equal(404, (await GetAsync(world, done, "tk-other")).Status);
            Assert.Equal(404, (await GetAsync(world, pending, "tk-other")).Status);
            Assert.Equal((200, "completed"), await GetAsync(world, done));
            world = await world.RestartedAsync();
        }

        Assert.Single(await world.UsageAsync());
        await world.DisposeAsync();
    }

    // Goal: charged, but killed before it was said that nothing more comes. Method: the settlement alone is put into the ledger behind the server's back.
    [Fact]
    public async Task L3_a_response_charged_just_before_a_kill_is_not_charged_again()
    {
        var world = await DialectsWorld.StartAsync();
        var id = await MakeAsync(world, InBackground);
        var hold = Assert.Single(world.Read.OpenHolds(null));
        var usage = new UsageRecord(hold.Id, hold.Scope, hold.OperationId, 1, null, null, null, hold.EndUser, hold.HeldAt, 5, 200, new(10, 0, 0, 5, 0),
            UsageBasis.Reported, UsageFlags.None);
        await world.DoAsync(new Command.Settle(new(usage, null, Amount.Zero, Amount.Parse("0.0045"))));
        world = await world.RestartedAsync();

        await GetAsync(world, id);
        Assert.Equal((200, "completed"), await GetAsync(world, id));
        Assert.Equal(usage, Assert.Single(await world.UsageAsync()).Usage);
        Assert.Equal(Amount.Parse("0.0045"), await world.TiesOutAsync());
        Assert.Empty(await world.Read.PendingObjectsAsync(ObjectKind.Response, 0, 10, Stop));
        await world.DisposeAsync();
    }

    // Goal: whose it is must be durable before the client knows its name. Method: the store is down when the answer comes; the spool takes it.
    [Fact]
    public async Task S1_a_response_made_while_the_store_is_down_is_known_from_the_spool()
    {
        var world = await DialectsWorld.StartAsync();
        world.Ledger.Broken = command => command is Command.KeepObject;
        var id = await MakeAsync(world, InBackground);
        Assert.Equal((200, "in_progress"), await GetAsync(world, id));
        world.Ledger.Broken = null;
        world = await world.RestartedAsync();

        Assert.Equal((200, "completed"), await GetAsync(world, id));
        Assert.Equal(Amount.Parse("0.0045"), await world.TiesOutAsync());
        await world.DisposeAsync();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static async Task<string> MakeAsync(World world, string body, params string[] headers)
    {
        using var made = await world.PostAsync(
            "/v1/responses", body, [DialectsChargeTests.KeyOf(""), "X-Sim-Prompt-Tokens: 1000", "X-Sim-Completion-Tokens: 200", .. headers]);
        var text = await made.Content.ReadAsStringAsync(Stop);
        Assert.True((int)made.StatusCode == 200, text);
        return JsonElement.Parse(text).GetProperty("id").GetString()!;
    }

    private static async Task<(int Status, string? Body)> GetAsync(World world, string id, string secret = World.Secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/responses/{id}");
        request.Headers.Authorization = new("Bearer", secret);
        using var answer = await world.Http.SendAsync(request, Stop);
        var json = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Stop));
        return ((int)answer.StatusCode, json.TryGetProperty("status", out var status) ? status.GetString() : null);
    }
}
