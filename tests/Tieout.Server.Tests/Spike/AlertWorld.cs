using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Outbox;
using Tieout.Server.Spike.Rules;
using Tieout.Server.Tests.Http;
using Tieout.Server.Tests.Outbox;
using Tieout.Storage.Postgres;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Tests.Postgres;
using Tieout.Tests;

namespace Tieout.Server.Tests.Spike;

/// <summary>A server at half past noon of a Wednesday, on either store, with usage at any time.</summary>
internal sealed class AlertWorld : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tieout-alerts-");

    /// <summary>Of the running hour, half an hour is over and half to come: no test crosses it.</summary>
    public static readonly DateTimeOffset Start = new(2026, 3, 18, 12, 30, 0, TimeSpan.Zero);

    public required AheadClock Clock { get; init; }

    public ApiWorld World { get; private set; } = null!;

    public AlertRuleWatch Watch => World.Server.Services.GetRequiredService<AlertRuleWatch>();

    public Instant Now => Instant.From(Clock.GetUtcNow());

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<AlertWorld> StartAsync(string store = "sqlite")
    {
        var world = new AlertWorld { Clock = new() { Ahead = Start - DateTimeOffset.UtcNow } };
        world.World = await ApiWorld.StartAsync(
            options => options with { Time = world.Clock },
            open: async () => store == "postgres"
                ? await PostgresLedger.OpenAsync(PostgresServer.Instance.NewDatabase(), world.Clock) : SqliteLedger.Open(world._folder.FullName, world.Clock));
        return world;
    }

    /// <summary>A watch that knows of nothing, as on a node that begins to lead.</summary>
    public AlertRuleWatch OtherWatch() => ActivatorUtilities.CreateInstance<AlertRuleWatch>(
        World.Server.Services, ActivatorUtilities.CreateInstance<AlertBook>(World.Server.Services));

    public Task<JsonElement> SetAsync(string id, string rule, string org = "acme") =>
        World.OkAsync(HttpMethod.Put, $"/orgs/{org}/alert-rules/{id}", $$"""{ {{rule}},"owner":"ann","reason":"A test."}""");

    public async Task OpenAsync(string org, string zone = "UTC") =>
        Assert.IsType<Outcome.Done>(await World.Ledger.SubmitAsync(new Command.OpenOrg(new(org, "USD", BillingMode.Postpaid, null, zone)), Stop));

    /// <summary>Looks by rules, and says all alerts so far.</summary>
    public async Task<IReadOnlyList<string>> LookAsync()
    {
        await Watch.LookAsync(Stop);
        return await ToldAlerts.AllAsync(World);
    }

    /// <summary>Usage of an org at a time before now.</summary>
    public async Task ChargeAsync(
        string amount, TimeSpan ago, string org = "acme", string? feature = null, int status = 200, int times = 1, TimeSpan every = default)
    {
        var commands = Enumerable.Range(0, times).Select(i => Attempt(Amount.Parse(amount), Now - ago + every * i, org, feature, status)).ToList();
        foreach (var outcome in await World.Ledger.SubmitAsync([.. commands], Stop)) Assert.IsType<Outcome.Done>(outcome);
    }

    public async ValueTask DisposeAsync()
    {
        await World.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static Command.Charge Attempt(Amount charge, Instant at, string org, string? feature, int status)
    {
        var labels = new UsageLabels { Org = org, Feature = feature, Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway };
        var usage = new UsageRecord(
            new AttemptId(Guid.CreateVersion7()), labels, "op", 1, null, null, null, "ann", at, 12, status, new(1_000, 0, 0, 100, 0), UsageBasis.Reported,
            UsageFlags.None);
        return new(new(usage, null, charge, charge), Fact: true);
    }
}
