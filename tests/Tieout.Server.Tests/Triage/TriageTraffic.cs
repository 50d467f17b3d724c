using System.Security.Cryptography;
using System.Text;
using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Triage;

/// <summary>An org with its traffic: operations with rightly linked envelopes, and usage from elsewhere, written as the gateway and the doors
/// write them.</summary>
internal sealed class TriageTraffic(EnvelopeWorld world, string org, Random random)
{
    private static readonly EnvelopeSecret Secret = EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText);

    private readonly List<Command> _commands = [];

    public string Org { get; } = org;

    /// <summary>The org's own key, and a worker of the platform that may act for the org.</summary>
    public string Key { get; } = $"key-of-{org}";

    public string Worker { get; } = $"worker-of-{org}";

    /// <summary>Billable usage of the org so far.</summary>
    public int Billable { get; private set; }

    public async Task OpenAsync()
    {
        await world.World.DoAsync(new Command.OpenOrg(new Org(Org, "USD", BillingMode.Prepaid, null, random.Next(2) == 0 ? "UTC" : "Asia/Kolkata")));
        await world.World.DoAsync(new Command.TopUp($"first-{Org}", Org, Amount.Parse("1000")));
        var key = new ApiKey(Key, Org, null, null, null, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"tk-{Org}"))), false, DateTimeOffset.UnixEpoch);
        await world.World.DoAsync(new Command.Record(SettingKind.Key, Org, Key, (key with { Terms = World.AllScopes }).ToJson(), Once: false));
        await world.AddWorkerAsync(Worker, $"tk-worker-{Org}", Org);
    }

    /// <summary>Operations as they should be: retried, handed on, called off, in flight, and of the same name as another tenant's.</summary>
    public void Operations(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var operation = Begin($"op-{Org}-{i}");
            var attempts = random.Next(1, 5);
            for (var no = 1; no <= attempts; no++)
            {
                if (random.Next(3) == 0) Hop(operation, random.Next(2) == 0 ? Worker : "admin");
                Attempt(operation, random.Next(2) == 0 ? Key : Worker, no);
            }

            if (random.Next(4) == 0) Held(operation, attempts + 1, isReleased: random.Next(2) == 0);
            if (random.Next(4) == 0) Attempt(Begin(operation.Id, "beta"), "key-beta", 1);
        }
    }

    /// <param name="tenant">Whose envelope; null: the org's.</param>
    public Chain Begin(string operation, string? tenant = null)
    {
        var (issuance, token) = ($"is-{random.NextInt64():x}", RandomNumberGenerator.GetBytes(32));
        var keyId = world.World.Read.Settings.First(row => row.Kind == SettingKind.EnvelopeKey).Name;
        return new(tenant ?? Org, operation, issuance, keyId, token) { Link = Lineage.Root(Secret.Lineage(keyId), issuance, token) };
    }

    /// <summary>An attempt that reached a provider: a step with its usage.</summary>
    /// <param name="usageOrg">Whom it is charged to; null: the envelope's org.</param>
    public void Attempt(Chain chain, string executor, int no, string? usageOrg = null, bool isForged = false)
    {
        var usage = Usage(usageOrg ?? chain.Org, UsageSource.Gateway, chain.Id, no);
        var lineage = Append(chain, new(LineageKind.Attempt, usage.Usage.Id.ToString(), no, executor, "openai/gpt-4o", usage.Usage.OccurredAt), isForged);
        if (usageOrg is null)
        {
            if (chain.Org == Org) Billable++;
            Do(new Command.Charge(usage, Fact: true) { Lineage = lineage });
        }
        else
        {
            Do(new Command.RecordHop(chain.Org, chain.Id, lineage));
            Charge(usage);
        }
    }

    /// <summary>A step of an attempt that nothing came of.</summary>
    public void Lost(Chain chain, int no) => Do(
        new Command.RecordHop(chain.Org, chain.Id, Append(chain, new(LineageKind.Attempt, Guid.CreateVersion7().ToString(), no, Key, "openai/gpt-4o", Now))));

    public void Hop(Chain chain, string executor) => Do(
        new Command.RecordHop(chain.Org, chain.Id, Append(chain, new(LineageKind.Hop, $"m-{random.NextInt64():x}", 1, executor, "a-queue", Now))));

    /// <summary>An attempt that never reached a provider, or has not ended yet.</summary>
    private void Held(Chain chain, int no, bool isReleased)
    {
        var usage = Usage(chain.Org, UsageSource.Gateway, chain.Id, no).Usage;
        var lineage = Append(chain, new(LineageKind.Attempt, usage.Id.ToString(), no, Key, "openai/gpt-4o", Now));
        Do(new Command.PlaceHold(usage.Id, usage.Labels, null, chain.Id, Amount.Parse("0.01"), TimeSpan.FromHours(1)) { Lineage = lineage });
        if (isReleased) Do(new Command.Release(usage.Id));
    }

    /// <summary>A charge of the gateway's that no step is about.</summary>
    public void Unlinked(string operation, int no) => Charge(Usage(Org, UsageSource.Gateway, operation, no));

    /// <summary>Billable usage from elsewhere, so many of it without something.</summary>
    public void Import(int count, int lacking, Func<UsageRecord, UsageRecord> without)
    {
        var usages = Enumerable.Range(0, count).Select(i => Usage(Org, UsageSource.Import, $"import-{Org}-{random.NextInt64():x}", 1)).ToArray();
        for (var i = 0; i < lacking; i++) usages[i] = usages[i] with { Usage = without(usages[i].Usage) };
        random.Shuffle(usages);
        foreach (var usage in usages) Charge(usage);
    }

    /// <summary>Usage that costs nothing and lacks everything: no contract is about it.</summary>
    public void Free(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var usage = Usage(Org, UsageSource.Import, $"free-{Org}-{i}", 1);
            var bare = new UsageLabels { Org = Org, Provider = "openai", Model = "gpt-4o", Source = UsageSource.Import };
            var lacking = usage.Usage with { Labels = bare, Counts = default, TraceId = null, EndUser = null };
            Do(new Command.Charge(new(lacking, usage.Price, Amount.Zero, Amount.Zero), Fact: true));
        }
    }

    private void Charge(PricedUsage usage)
    {
        if (usage.Usage.Labels.Org == Org) Billable++;
        Do(new Command.Charge(usage, Fact: true));
    }

    /// <summary>Submits all that was made since, in order and at once.</summary>
    public async Task SubmitAsync()
    {
        Assert.All(await world.World.Ledger.SubmitAsync(_commands), outcome => Assert.IsType<Outcome.Done>(outcome));
        _commands.Clear();
    }

    private void Do(Command command) => _commands.Add(command);

    private PricedUsage Usage(string org, UsageSource source, string operation, int no)
    {
        var labels = new UsageLabels
        {
            Org = org,
            Key = org == Org ? Key : null,
            Feature = $"feature-{random.Next(3)}",
            Provider = "openai",
            Model = "gpt-4o",
            Source = source,
        };
        var usage = new UsageRecord(
            new(Guid.CreateVersion7()), labels, operation, no, "wf-1", $"corr-{random.NextInt64():x}", $"{random.NextInt64():x16}{random.NextInt64():x16}",
            $"user-{random.Next(9)}", Now, 12, 200, new(100 + random.Next(900), 0, 0, 20, 0), UsageBasis.Reported, UsageFlags.None);
        var price = Core.Pricing.BuiltinPrices.Catalogue.Find("openai", "gpt-4o", usage.OccurredAt)!;
        var charge = price.Price(usage.Counts).Charge;
        return new(usage, price, charge, charge);
    }

    private static LineageAppend Append(Chain chain, LineageStep step, bool isForged = false)
    {
        var previous = chain.Link;
        var row = Lineage.Append(Secret.Lineage(chain.KeyId), chain.Issuance, previous, ++chain.No, step);
        if (isForged) row = row with { Step = step with { Target = "openai/another" } };
        chain.Link = row.Link;
        return new(previous, chain.KeyId, chain.TokenSha256, row);
    }

    private static Instant Now => Instant.From(DateTimeOffset.UtcNow);
}

/// <summary>An operation under one envelope, with the end of its lineage so far.</summary>
internal sealed record Chain(string Org, string Id, string Issuance, string KeyId, byte[] TokenSha256)
{
    public required byte[] Link { get; set; }

    public int No { get; set; }
}
