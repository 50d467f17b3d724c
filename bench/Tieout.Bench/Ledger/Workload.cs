using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;

namespace Tieout.Bench.Ledger;

/// <summary>Commands like a gateway's: ids in time order, an operation each, correlation ids as requests get them, three keys an org, four budgets in scope of
/// each.</summary>
/// <param name="bucketOf">Which orgs can be in one commit: a list has orgs of one number only.</param>
/// <param name="price">What each is charged at; null: at one amount, whatever was used.</param>
/// <param name="from">When the first occurred, in traces and workflows of several requests; null: all of them now, in none.</param>
/// <param name="step">How much later the next did.</param>
internal sealed class Workload(
    LedgerBenchOptions options, Func<string, int> bucketOf, ResolvedPrice? price = null, Instant? from = null, TimeSpan step = default)
{
    private const int KeysPerOrg = 3;
    private const int OutageRows = 2_000;
    private static readonly string[] Teams = ["red", "blue"];
    private static readonly Amount Charge = new(1_234_500);
    private static readonly ResolvedPrice Price = new("bench@1", Asset.Usd, "openai", "gpt", from: null, RateCard.Empty);

    private readonly UsageLabels[][] _labels =
    [
        .. (from org in Enumerable.Range(1, options.Orgs)
           from key in Enumerable.Range(1, KeysPerOrg)
           select new UsageLabels
           {
               Org = $"org{org}",
               Project = "p1",
               Team = Teams[key % Teams.Length],
               Key = $"org{org}-k{key}",
               Feature = "chat",
               Provider = "openai",
               Model = "gpt",
               Source = UsageSource.Gateway,
               Trigger = "user",
           }).GroupBy(labels => bucketOf(labels.Org)).Select(together => together.ToArray()),
    ];

    private long _lists;

    private long _made;

    /// <summary>What must stand first, an org at a time.</summary>
    public IEnumerable<IReadOnlyList<Command>> Openings() => Enumerable.Range(1, options.Orgs).Select(org => Opening($"org{org}").ToArray());

    private static IEnumerable<Command> Opening(string id)
    {
        yield return new Command.OpenOrg(new Org(id, "USD", BillingMode.Prepaid, null, "UTC"));
        yield return new Command.TopUp("start", id, Amount.Major(100_000_000));
        yield return Set(new BudgetScope(id));
        foreach (var team in Teams) yield return Set(new BudgetScope(id, Team: team));
        for (var key = 1; key <= KeysPerOrg; key++) yield return Set(new BudgetScope(id, Key: $"{id}-k{key}"));
        for (var key = 1; key <= KeysPerOrg; key++) yield return Key(id, $"{id}-k{key}");
    }

    private static Command.Record Key(string org, string id) => new(
        SettingKind.Key, org, id, new ApiKey(id, org, null, null, null, "", Blocked: false, DateTimeOffset.UnixEpoch).ToJson(), Once: true);

    /// <summary>Commands for as many charges, in lists of one batch. Each list is made when it is asked for.</summary>
    public IEnumerable<IReadOnlyList<Command>> Next(int charges)
    {
        while (charges > 0)
        {
            var labels = _labels[_lists++ % _labels.Length];
            var attempts = Enumerable.Range(0, Math.Min(options.Batch, charges)).Select(_ => Next(labels)).ToArray();
            charges -= attempts.Length;
            if (options.Mode != LedgerBenchMode.Charge) yield return [.. attempts.Select(Hold)];
            if (options.Mode == LedgerBenchMode.HoldSettle) yield return [.. attempts.Select(attempt => new Command.Settle(attempt))];
            if (options.Mode == LedgerBenchMode.Charge) yield return [.. attempts.Select(attempt => new Command.Charge(attempt, Fact: false))];
        }
    }

    private static Command.SetBudget Set(BudgetScope scope) =>
        new(new Budget(scope, WindowUnit.Day, Amount.Major(100_000_000), Hard: true, "UTC", Budget.DefaultThresholds));

    private static Command Hold(PricedUsage attempt) => new Command.PlaceHold(
        attempt.Usage.Id, attempt.Usage.Labels, attempt.Usage.EndUser, attempt.Usage.OperationId, Charge + Charge, TimeSpan.FromHours(1));

    private PricedUsage Next(UsageLabels[] together)
    {
        var no = _made++;
        var labels = together[no % together.Length];
        var (id, isBook) = (Ordered(no), from is not null);
        var usage = new UsageRecord(
            new(id), labels, $"op_{no:x16}", 1, isBook ? $"flow-{no / 80}" : null, id.ToString(), isBook ? $"{no / 30:x32}" : null, $"user-{no % 977}",
            from is { } begin ? begin + (step * no) : Instant.From(DateTimeOffset.UtcNow), 1_234, isBook ? StatusOf(no) : 200,
            new(1_500 + no % 977, 0, 0, 300 + no % 91, 0),
            UsageBasis.Reported, UsageFlags.None);
        if (price is null) return new(usage, Price, Charge, Charge);
        var priced = price.Price(usage.Counts);
        return new(usage, price, priced.ProviderCost, priced.Charge);
    }

    /// <summary>One request in a thousand meets a rate limit. Some of the first requests, and no later ones, meet an outage.</summary>
    private static int StatusOf(long no) => no % 997 == 0 ? 429 : no < OutageRows && no / 30 % 10 == 0 ? 503 : 200;

    /// <summary>Version 7 in its layout, strictly ascending.</summary>
    private static Guid Ordered(long no)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() << 16 | 0x7000);
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes[8..], no | long.MinValue);
        return new(bytes, bigEndian: true);
    }
}
